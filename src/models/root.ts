import type { ModelType } from './model-file.ts'

/** How a UI lays out its model folders; `folder`: a folder that the user named, of no UI that is known. */
export const LAYOUTS = [
  'comfyui',
  'a1111',
  'swarmui',
  'fooocus',
  'invokeai',
  'stabilitymatrix',
  'huggingface',
  'folder',
] as const

export type Layout = (typeof LAYOUTS)[number]

/** A folder with model files, searched with everything below it. */
export interface ModelRoot {
  /** Absolute path as it was configured or found; it may be a symlink. */
  readonly path: string
  /** Type of every file below, where the UI says so; else each file's folder decides. */
  readonly type: ModelType | undefined
  readonly layout: Layout
}
