import type { Tensors } from './tensors.ts'

/** Base model of a textual inversion by the width of its text encoder; what else it may be has more tensors. */
export function embeddingBaseModel(tensors: Tensors): string | undefined {
  if (tensors.size > 2) return undefined
  const width = (name: string): number | undefined => tensors.get(name)?.shape.at(-1)
  if (width('clip_g') === 1280 && width('clip_l') === 768) return 'SDXL 1.0'
  const only = tensors.size === 1 ? [...tensors.keys()][0] : undefined
  if (only === undefined || (only !== 'emb_params' && !/^<.*>$/.test(only))) return undefined
  if (width(only) === 768) return 'SD 1.5'
  return width(only) === 1024 ? 'SD 2.1' : undefined
}
