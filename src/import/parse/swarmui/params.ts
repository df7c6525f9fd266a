import type { DependencyType } from '../../dependency.ts'
import { moduleType } from '../../known-names.ts'

/** A parameter that holds a model's name, and the one beside it that holds its strength. */
interface ModelParam {
  readonly type: DependencyType
  readonly strength?: string
}

/**
 * Parameters that hold the name of a model. SwarmUI makes their ids of their names by dropping all but a to z, so that
 * `T5-XXL Model` is `txxlmodel`.
 */
export const MODEL_PARAMS: ReadonlyMap<string, ModelParam> = new Map<string, ModelParam>([
  ['model', { type: 'checkpoint' }],
  ['refinermodel', { type: 'checkpoint' }],
  ['segmentmodel', { type: 'checkpoint' }],
  ['regionalobjectinpaintingmodel', { type: 'checkpoint' }],
  ['negativemodel', { type: 'checkpoint' }],
  ['videomodel', { type: 'diffusion_model' }],
  ['videoswapmodel', { type: 'diffusion_model' }],
  ['videoextendmodel', { type: 'diffusion_model' }],
  ['videoextendswapmodel', { type: 'diffusion_model' }],
  ['vae', { type: 'vae' }],
  ['refinervae', { type: 'vae' }],
  ['cliplmodel', { type: 'text_encoder' }],
  ['clipgmodel', { type: 'text_encoder' }],
  ['txxlmodel', { type: 'text_encoder' }],
  ['llavamodel', { type: 'text_encoder' }],
  ['llamamodel', { type: 'text_encoder' }],
  ['qwenmodel', { type: 'text_encoder' }],
  ['mistralmodel', { type: 'text_encoder' }],
  ['gemmamodel', { type: 'text_encoder' }],
  ['gptossmodel', { type: 'text_encoder' }],
  ['clipvisionmodel', { type: 'clip_vision' }],
  // The name that it had before.
  ['revisionmodel', { type: 'clip_vision' }],
  ['controlnetmodel', { type: 'controlnet', strength: 'controlnetstrength' }],
  ['controlnettwomodel', { type: 'controlnet', strength: 'controlnettwostrength' }],
  ['controlnetthreemodel', { type: 'controlnet', strength: 'controlnetthreestrength' }],
  ['usestylemodel', { type: 'style_model' }],
  ['gligenmodel', { type: 'other' }],
  ['pixeldecodermodel', { type: 'other' }],
  ['seedvrmodel', { type: 'other' }],
  ['yolomodelinternal', { type: 'detector' }],
])

/** `param` of the entries of `sui_models` that stand for a list. */
const LIST_PARAMS: ReadonlyMap<string, DependencyType> = new Map([
  ['loras', 'lora'],
  ['used_embeddings', 'embedding'],
])

/** The type of an entry of `sui_models`; extensions bring parameters of their own, whose names only suggest one. */
export function typeOfParam(param: string): { type: DependencyType; guessed?: true } {
  const type = LIST_PARAMS.get(param) ?? MODEL_PARAMS.get(param)?.type
  if (type !== undefined) return { type }
  if (/lora/.test(param)) return { type: 'lora', guessed: true }
  if (/controlnet/.test(param)) return { type: 'controlnet', guessed: true }
  return { type: moduleType(param), guessed: true }
}

/** `(Use Base)`, `(Use Refiner)`, `(None)`: a choice of the list that is no model. */
export const isChoice = (name: string): boolean => /^\((?:use|same|none)\b[^()]*\)$/i.test(name.trim())
