import type { Sidecar } from '../sidecars/sidecar.ts'
import { architectureBaseModel } from './architecture-name.ts'
import { embeddingBaseModel } from './embedding-tensors.ts'
import { baseModelFamily } from './family.ts'
import { loraModules } from './lora-modules.ts'
import { loraBaseModel } from './lora-tensors.ts'
import { createTensorIndex, type Tensors } from './tensors.ts'
import { transformerBaseModel } from './transformer-tensors.ts'
import { unetBaseModel } from './unet-tensors.ts'

export interface BaseModelEvidence {
  /** As listed. */
  readonly filename: string
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: Tensors
  readonly sidecars: readonly Sidecar[]
}

/** Keys that name the architecture, best first: trainers leave empty ones. */
const ARCHITECTURE_KEYS = ['modelspec.architecture', 'ss_base_model_version', 'general.architecture', 'architecture']

/** Keys that name the model in words that versions can be told by. */
const HINT_KEYS = [
  'modelspec.architecture',
  'modelspec.title',
  'ss_base_model_version',
  'ss_sd_model_name',
  'ss_output_name',
  'general.name',
]

/** What says of a family only that it is one of it. */
const GENERIC = new Set(['SDXL 1.0', 'Wan Video', 'SD 3.5', 'Flux.1 D', 'SD 1.5', 'SD 2.1'])

/**
 * Base model by Civitai's name, or undefined where it is not sure. What sidecars say is most exact (the children of
 * SDXL have the same tensors) and what tensors say is most certain: the first sidecar, then the header's words, count
 * where they name the family that the tensors show, or where those show none.
 */
export function guessBaseModel(evidence: BaseModelEvidence): string | undefined {
  const { filename, metadata, sidecars } = evidence
  const hints = [filename, ...HINT_KEYS.map((key) => metadata[key] ?? '')].join(' ').slice(0, 4000).toLowerCase()
  const shown = shownByTensors(evidence.tensors, hints)
  const words = ARCHITECTURE_KEYS.flatMap((key) => architectureBaseModel(metadata[key] ?? '', hints) ?? [])
  const told = sidecars.flatMap(
    ({ baseModel, architecture }) => baseModel ?? architectureBaseModel(architecture ?? '', hints) ?? [],
  )
  const candidates = [...told, ...(shown === undefined ? words : [...words, shown])]
  const family = shown ?? words[0]
  const fitting = family === undefined ? candidates : candidates.filter((name) => sameFamily(name, family))
  const found = told.some((name) => fitting.includes(name)) ? fitting[0] : mostExact(fitting)
  return found === 'SDXL 1.0' && told.length === 0 ? sdxlChild(metadata.ss_sd_model_name) : found
}

const sameFamily = (a: string, b: string): boolean => baseModelFamily(a) === baseModelFamily(b)

const mostExact = (names: readonly string[]): string | undefined => names.find((name) => !GENERIC.has(name)) ?? names[0]

function shownByTensors(tensors: Tensors, hints: string): string | undefined {
  if (tensors.size === 0) return undefined
  const modules = loraModules(tensors)
  if (modules.length > 0) return loraBaseModel(modules, hints)
  const index = createTensorIndex(tensors)
  return transformerBaseModel(index, hints) ?? unetBaseModel(index, hints) ?? embeddingBaseModel(tensors)
}

/** A LoRA for SDXL whose trainer wrote down the name of the checkpoint it trained on. */
function sdxlChild(checkpoint: string | undefined): string {
  const name = (checkpoint ?? '').split(/[\\/]/).at(-1)?.toLowerCase() ?? ''
  if (/pony/.test(name)) return 'Pony'
  if (/noob/.test(name)) return 'NoobAI'
  return /illustrious/.test(name) ? 'Illustrious' : 'SDXL 1.0'
}
