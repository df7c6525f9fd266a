import type { JsonObject } from '../../../lib/json.ts'
import type { DependencyType } from '../../dependency.ts'
import type { Findings, Mention } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import { fieldOf, textOf } from '../json.ts'

/** InvokeAI's own kinds of models. */
const TYPES: ReadonlyMap<string, DependencyType> = new Map([
  ['main', 'checkpoint'],
  ['onnx', 'checkpoint'],
  ['vae', 'vae'],
  ['lora', 'lora'],
  ['control_lora', 'lora'],
  ['controlnet', 'controlnet'],
  ['t2i_adapter', 'controlnet'],
  ['ip_adapter', 'ipadapter'],
  ['embedding', 'embedding'],
  ['clip_vision', 'clip_vision'],
  ['siglip', 'clip_vision'],
  ['clip_embed', 'text_encoder'],
  ['flux_redux', 'style_model'],
  ['spandrel_image_to_image', 'upscaler'],
])

/** What the third generation, whose fields often do not tell the kind, calls the fields themselves. */
const FIELDS: ReadonlyMap<string, DependencyType> = new Map([
  ['model', 'checkpoint'],
  ['refiner_model', 'checkpoint'],
  ['unet', 'checkpoint'],
  ['vae', 'vae'],
  ['vae_model', 'vae'],
  ['lora', 'lora'],
  ['control_model', 'controlnet'],
  ['t2i_adapter_model', 'controlnet'],
  ['ip_adapter_model', 'ipadapter'],
  ['image_encoder_model', 'clip_vision'],
  ['clip_vision_model', 'clip_vision'],
  ['upscale_model', 'upscaler'],
])

/** Families whose main file holds the diffusion model alone. */
const BARE_FAMILIES = /^(?:flux|z-image|qwen-image|anima)/i
/** Families that run at their maker. */
const HOSTED_FAMILIES = /^(?:imagen\d|chatgpt|gpt-image|gemini|flux-kontext$|veo\d|runway|seedream|external|api$)/i
const HOSTED = 'It runs on the servers of its maker: no file is needed'

/**
 * A field of JSON that names a model: `{key, hash, name, base, type}` since version 4, `{model_name, base_model}`
 * before. Undefined for any other object.
 */
export function readModelField(
  value: JsonObject,
  field: string,
  place: string,
  findings: Findings,
): Omit<Mention, 'evidence'> | undefined {
  const base = textOf(fieldOf(value, 'base')) ?? textOf(fieldOf(value, 'base_model'))
  const kind = textOf(fieldOf(value, 'type')) ?? textOf(fieldOf(value, 'model_type'))
  const isOld = fieldOf(value, 'model_name') !== undefined
  const name = textOf(fieldOf(value, isOld ? 'model_name' : 'name'))
  if (name === undefined || name === '' || base === undefined || (kind === undefined && !isOld)) return undefined
  const type = typeOf(kind, base, field)
  const read = readReference(name, place, findings)
  return {
    type,
    ...(type === 'other' ? { guessed: true } : {}),
    ...read,
    hashes: [...(read.hashes ?? []), ...readHash(fieldOf(value, 'hash'), place, findings)],
    ...(HOSTED_FAMILIES.test(base) ? { skip: HOSTED } : {}),
  }
}

function typeOf(kind: string | undefined, base: string, field: string): DependencyType {
  const type = TYPES.get(kind ?? '') ?? (/_encoder$/.test(kind ?? '') ? 'text_encoder' : undefined)
  if (type === 'checkpoint' && BARE_FAMILIES.test(base)) return 'diffusion_model'
  return type ?? FIELDS.get(field) ?? (/_encoder(?:_model)?$|^clip_embed_model$/.test(field) ? 'text_encoder' : 'other')
}

/** `blake3:` is of the file, read by several threads or by one; a model of several files has one of all of them. */
function readHash(
  value: unknown,
  place: string,
  findings: Findings,
): readonly NonNullable<Mention['hashes']>[number][] {
  const hash = textOf(value)?.trim().toLowerCase()
  if (hash?.startsWith('random:') !== true) return findings.hash(hash?.replace(/^blake3_single:/, 'blake3:'), place)
  findings.warn(place, 'this id of a model is random and no hash of its file')
  return []
}
