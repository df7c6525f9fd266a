import { classOf } from '../known-folders.ts'
import type { ModelType } from '../model-file.ts'
import { type Candidate, candidate } from './search.ts'

/** Folders that ComfyUI registers and that hold no models. */
const NO_MODELS = new Set([
  'configs',
  'custom_nodes',
  'datasets',
  'fonts',
  'input',
  'output',
  'temp',
  'user',
  'wildcards',
])

/**
 * A folder that ComfyUI registers under a name; undefined where it holds no models. A name that no UI knows (nodes have
 * names of their own) says no type: the folders below do.
 */
export function comfyFolder(name: string, path: string, from?: string): Candidate | undefined {
  if (NO_MODELS.has(name)) return undefined
  // ComfyUI's own example ends its paths with slashes.
  return candidate(path.replace(/(?<=.)\/+$/, ''), 'comfyui', typeOfName(name), from)
}

const typeOfName = (name: string): ModelType | undefined => {
  const known = classOf(name)
  // Each file of a repository has a type of its own.
  return known?.holdsRepositories ? undefined : known?.type
}
