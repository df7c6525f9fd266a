import type { ModelType } from './model-file.ts'

/** Types that different UIs keep in each other's folders. */
const NEIGHBOURS: readonly (readonly ModelType[])[] = [
  ['checkpoint', 'diffusion_model'],
  // Forge's "Module 1" names either.
  ['vae', 'text_encoder'],
  ['controlnet', 'ipadapter'],
]

/** Whether a file in a folder of `fileType` can be what is wanted; nothing is known of files in no known folder. */
export const isOfType = (wanted: ModelType, fileType: ModelType): boolean =>
  wanted === fileType ||
  wanted === 'other' ||
  fileType === 'other' ||
  NEIGHBOURS.some((group) => group.includes(wanted) && group.includes(fileType))
