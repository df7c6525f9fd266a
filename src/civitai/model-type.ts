/** What Civitai's kinds of models and files are in our words. */

/** Those of our types of models that Civitai has files of. */
export const CIVITAI_MODEL_TYPES = [
  'checkpoint',
  'diffusion_model',
  'lora',
  'embedding',
  'vae',
  'text_encoder',
  'clip_vision',
  'controlnet',
  'upscaler',
  'hypernetwork',
  'motion_module',
  'detector',
  'other',
] as const

export type CivitaiModelType = (typeof CIVITAI_MODEL_TYPES)[number]

/** Kinds of models, without blanks and signs. */
const BY_MODEL: ReadonlyMap<string, CivitaiModelType> = new Map([
  ['checkpoint', 'checkpoint'],
  ['lora', 'lora'],
  ['locon', 'lora'],
  ['lycoris', 'lora'],
  ['dora', 'lora'],
  ['textualinversion', 'embedding'],
  ['embedding', 'embedding'],
  ['hypernetwork', 'hypernetwork'],
  ['vae', 'vae'],
  ['controlnet', 'controlnet'],
  ['upscaler', 'upscaler'],
  ['motionmodule', 'motion_module'],
  ['detection', 'detector'],
  ['unet', 'diffusion_model'],
  ['diffusionmodel', 'diffusion_model'],
  ['textencoder', 'text_encoder'],
  ['textencoders', 'text_encoder'],
  ['clip', 'text_encoder'],
  ['clipvision', 'clip_vision'],
])

/** Kinds of files that say what they are whatever the model is; `Model` and `Pruned Model` are what the model is. */
const BY_FILE: ReadonlyMap<string, CivitaiModelType> = new Map([
  ['unet', 'diffusion_model'],
  ['diffusionmodel', 'diffusion_model'],
  ['vae', 'vae'],
  ['textencoder', 'text_encoder'],
  ['clipvision', 'clip_vision'],
  ['visionencoder', 'clip_vision'],
  ['controlnet', 'controlnet'],
  ['upscaler', 'upscaler'],
  ['enhancementlora', 'lora'],
])

/** Nothing that a UI loads; `other` beside them may be. */
const NO_MODELS: ReadonlySet<string> = new Set(['trainingdata', 'config', 'archive', 'workflow'])

/** Base models whose checkpoints come without text encoder and VAE, as a rule, and lie in `diffusion_models`. */
const TRANSFORMERS =
  /^(?:flux|wan\b|qwen|z-?image|hunyuan|hidream|chroma|kolors|lumina|ltx|mochi|cogvideo|pixart|auraflow|pony v7|anima\b|ernie|krea ?2)/i

const folded = (kind: string | null | undefined): string => (kind ?? '').toLowerCase().replace(/[^a-z]/g, '')

export const isMainFile = (fileType: string | null): boolean =>
  /^(?:model|prunedmodel|diffusionmodel|unet|)$/.test(folded(fileType))

export const isModelFile = (fileType: string | null): boolean => !NO_MODELS.has(folded(fileType))

export interface TypedFile {
  /** Civitai's: `Model`, `VAE`, `Diffusion Model` … */
  readonly type: string | null
  /** `SafeTensor`, `GGUF` … */
  readonly format: string | null
}

/** The type of one file of a version, from what the file, then the model and its base model, are said to be. */
export function fileModelType(
  file: TypedFile,
  { type, baseModel }: { readonly type: string | null; readonly baseModel: string | null },
): CivitaiModelType {
  if (!isModelFile(file.type)) return 'other'
  const own = BY_FILE.get(folded(file.type))
  if (own !== undefined) return own
  const ofModel = BY_MODEL.get(folded(type)) ?? 'other'
  const isBare = folded(file.format) === 'gguf' || TRANSFORMERS.test(baseModel ?? '')
  return ofModel === 'checkpoint' && isBare ? 'diffusion_model' : ofModel
}

const WIRE_TYPES: ReadonlyMap<string, readonly string[]> = new Map([
  ['checkpoint', ['Checkpoint']],
  ['diffusion_model', ['Checkpoint']],
  ['lora', ['LORA', 'LoCon', 'DoRA']],
  ['embedding', ['TextualInversion']],
  ['hypernetwork', ['Hypernetwork']],
  ['vae', ['VAE']],
  ['controlnet', ['Controlnet']],
  ['upscaler', ['Upscaler']],
  ['motion_module', ['MotionModule']],
  ['detector', ['Detection']],
])

/** Civitai's kinds for a search among `types`; empty, for all kinds, where one of them has none there. */
export function wireTypes(types: readonly string[]): readonly string[] {
  const kinds = types.map((type) => WIRE_TYPES.get(type))
  return kinds.includes(undefined) ? [] : [...new Set(kinds.flatMap((some) => some ?? []))]
}
