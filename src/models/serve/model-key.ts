import { formatAir } from '../../air/air.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { ModelType } from '../model-file.ts'

export interface KeyedFile {
  readonly sha256: string
  readonly type: ModelType
  readonly civitai: JsonObject | null
}

/**
 * The key under which a manifest lists a model. An AIR where Civitai knows the bytes: it names the version and means
 * the same on every host; the ids in it decide, ecosystem and type are for reading, and a version with several files
 * has one AIR for all. Else `sha256:<hex>`. What files claim of themselves gives no key.
 */
export function modelKey({ sha256, type, civitai }: KeyedFile): string {
  const ids = civitaiIds(civitai)
  if (ids === undefined) return `sha256:${sha256}`
  const base = civitai?.base_model
  const ecosystem = typeof base === 'string' ? ecosystemOf(base) : 'other'
  const [id, version] = [String(ids.modelId), String(ids.versionId)]
  return formatAir({ ecosystem, type: AIR_TYPES[type], source: 'civitai', id, version })
}

export function civitaiIds(civitai: JsonObject | null): { modelId: number; versionId: number } | undefined {
  const { model_id: modelId, version_id: versionId } = civitai ?? {}
  return isId(modelId) && isId(versionId) ? { modelId, versionId } : undefined
}

const isId = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0

const AIR_TYPES: Readonly<Record<ModelType, string>> = {
  checkpoint: 'checkpoint',
  diffusion_model: 'checkpoint',
  lora: 'lora',
  embedding: 'embedding',
  vae: 'vae',
  text_encoder: 'text_encoders',
  clip_vision: 'clipvision',
  controlnet: 'controlnet',
  upscaler: 'upscaler',
  ipadapter: 'other',
  style_model: 'other',
  hypernetwork: 'hypernet',
  motion_module: 'motion',
  detector: 'other',
  other: 'other',
}

/** Civitai's base models by the root that they belong to; a new one is `other` until it stands here. */
const ECOSYSTEMS: readonly (readonly [baseModel: RegExp, ecosystem: string])[] = [
  [/^sd 1\./i, 'sd1'],
  [/^sd 2\./i, 'sd2'],
  [/^sd 3\.5 medium/i, 'sd3_5m'],
  [/^sd 3/i, 'sd3'],
  [/^pony v7/i, 'auraflow'],
  [/^sdxl distilled/i, 'sdxldistilled'],
  [/^(?:sdxl|pony|illustrious|noobai)/i, 'sdxl'],
  [/^stable cascade/i, 'scascade'],
  [/^svd/i, 'svd'],
  [/^flux\.1 kontext/i, 'flux1kontext'],
  [/^flux\.1 krea/i, 'fluxkrea'],
  [/^flux\.1/i, 'flux1'],
  [/^flux\.2/i, 'flux2'],
  [/^wan video (?:14b )?1\.3b t2v/i, 'wanvideo1_3b_t2v'],
  [/^wan video 14b t2v/i, 'wanvideo14b_t2v'],
  [/^wan video 14b i2v 480p/i, 'wanvideo14b_i2v_480p'],
  [/^wan video 14b i2v 720p/i, 'wanvideo14b_i2v_720p'],
  [/^wan video 2\.2 t2v-a14b/i, 'wanvideo-22-t2v-a14b'],
  [/^wan video 2\.2 i2v-a14b/i, 'wanvideo-22-i2v-a14b'],
  [/^wan video 2\.2 ti2v-5b/i, 'wanvideo-22-ti2v-5b'],
  [/^wan video/i, 'wanvideo'],
  [/^hunyuan 1/i, 'hydit1'],
  [/^hunyuan video/i, 'hyv1'],
  [/^pixart a/i, 'pixarta'],
  [/^pixart e/i, 'pixarte'],
  [/^playground v2/i, 'playgroundv2'],
  [/^z ?image ?turbo/i, 'zimageturbo'],
  [/^z ?image ?base/i, 'zimagebase'],
  [/^ltxv? ?2\.3/i, 'ltxv23'],
  [/^ltxv? ?2/i, 'ltxv2'],
  [/^(auraflow|chroma|hidream|kolors|lumina|mochi|cogvideox|ltxv|qwen|anima)\b/i, '$1'],
]

function ecosystemOf(baseModel: string): string {
  for (const [pattern, ecosystem] of ECOSYSTEMS) {
    const found = pattern.exec(baseModel.trim())
    if (found !== null) return ecosystem === '$1' ? (found[1] ?? '').toLowerCase() : ecosystem
  }
  return 'other'
}
