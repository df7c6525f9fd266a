import { MODEL_TYPES, type ModelType } from '../model-file.ts'

/** What a manifest may be asked for: types in the plural as the protocol writes them, and `weights` for full models. */
const GROUPS = {
  weights: ['checkpoint', 'diffusion_model'],
  checkpoints: ['checkpoint'],
  diffusion_models: ['diffusion_model'],
  loras: ['lora'],
  embeddings: ['embedding'],
  text_encoders: ['text_encoder'],
  controlnets: ['controlnet'],
  upscalers: ['upscaler'],
  ipadapters: ['ipadapter'],
  style_models: ['style_model'],
  hypernetworks: ['hypernetwork'],
  motion_modules: ['motion_module'],
  detectors: ['detector'],
} as const satisfies Record<string, readonly ModelType[]>

type Group = keyof typeof GROUPS

export type Include = Group | ModelType

export const INCLUDES: readonly Include[] = [...(Object.keys(GROUPS) as Group[]), ...MODEL_TYPES]

const isGroup = (include: Include): include is Group => Object.hasOwn(GROUPS, include)

export const typesOf = (includes: readonly Include[]): ReadonlySet<ModelType> =>
  new Set(includes.flatMap((include): readonly ModelType[] => (isGroup(include) ? GROUPS[include] : [include])))
