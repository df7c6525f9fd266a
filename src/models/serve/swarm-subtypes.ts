import type { ModelType } from '../model-file.ts'

/**
 * SwarmUI's seven model sets and what belongs in each. It has none for upscalers, IP adapters and what else there is:
 * those go out by this host's own manifest alone.
 */
const TYPES = {
  'Stable-Diffusion': ['checkpoint', 'diffusion_model'],
  LoRA: ['lora'],
  VAE: ['vae'],
  Embedding: ['embedding'],
  ControlNet: ['controlnet'],
  Clip: ['text_encoder'],
  ClipVision: ['clip_vision'],
} as const satisfies Record<string, readonly ModelType[]>

export type SwarmSubtype = keyof typeof TYPES

export const SWARM_SUBTYPES = Object.keys(TYPES) as readonly SwarmSubtype[]

const BY_NAME = new Map(SWARM_SUBTYPES.map((subtype) => [subtype.toLowerCase(), subtype]))
const BY_TYPE = new Map<ModelType, SwarmSubtype>(
  SWARM_SUBTYPES.flatMap((subtype) => TYPES[subtype].map((type) => [type, subtype] as const)),
)

/** In any letter case: SwarmUI's own folder is called Lora. */
export const subtypeNamed = (name: string): SwarmSubtype | undefined => BY_NAME.get(name.toLowerCase())

export const subtypeOf = (type: ModelType): SwarmSubtype | undefined => BY_TYPE.get(type)
