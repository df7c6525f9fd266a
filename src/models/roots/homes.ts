import { dirname, join } from 'node:path'
import { classOf } from '../known-folders.ts'
import type { ModelType } from '../model-file.ts'
import type { Layout } from '../root.ts'
import { findA1111Folders } from './a1111.ts'
import { findComfyFolders } from './comfy.ts'
import { findFooocusFolders } from './fooocus.ts'
import { findInvokeFolders } from './invokeai.ts'
import { isFolder } from './look.ts'
import { isModelsName, layoutOfName, recogniseHome, recogniseModels } from './recognise.ts'
import { type Candidate, candidate, type FindFolders, type Search, type UiHome } from './search.ts'
import { findStabilityFolders, libraryIn, packagesOf } from './stability-matrix.ts'
import { findSwarmFolders } from './swarmui.ts'

const findPlainFolders: FindFolders = async (home) => [
  candidate(join(home, 'models'), 'folder'),
  candidate(join(home, 'Models'), 'folder'),
  candidate(join(home, 'embeddings'), 'folder', 'embedding'),
]

const FINDERS: Readonly<Record<Layout, FindFolders>> = {
  comfyui: findComfyFolders,
  a1111: findA1111Folders,
  swarmui: findSwarmFolders,
  fooocus: findFooocusFolders,
  invokeai: findInvokeFolders,
  stabilitymatrix: findStabilityFolders,
  huggingface: async (home) => [candidate(home, 'huggingface')],
  folder: findPlainFolders,
}

/** The home that `path` names: it may be the home itself or the folder with all models in it. */
export async function homeAt(path: string): Promise<UiHome> {
  const own = await recogniseHome(path)
  if (own === 'stabilitymatrix') return { path: await libraryIn(path), layout: own }
  if (own !== undefined) return { path, layout: own }
  for (const models of ['models', 'Models']) {
    const layout = await recogniseModels(join(path, models))
    if (layout !== undefined) return { path, layout }
  }
  const layout = await recogniseModels(path)
  if (layout !== undefined && isModelsName(path)) return { path: dirname(path), layout }
  return { path, layout: layout === undefined && !(await isFolder(path)) ? layoutOfName(path) : 'folder' }
}

/** Folders of a home, and of the UIs that StabilityMatrix installed. */
export async function foldersOf({ path, layout }: UiHome, search: Search): Promise<readonly Candidate[]> {
  const found = await FINDERS[layout](path, search)
  if (layout !== 'stabilitymatrix') return found
  const within: Candidate[] = [...found]
  for (const installed of await packagesOf(path, search)) {
    const own = await recogniseHome(installed)
    // The settings are about the home that the user named.
    const quiet = { ...search, comfyArgs: '', a1111Args: '' }
    if (own !== undefined && own !== 'stabilitymatrix') within.push(...(await FINDERS[own](installed, quiet)))
  }
  return within
}

/**
 * The folders of a home that the user named. The one with most models in it stays even where it is missing: it may be a
 * link to a volume that is not mounted yet.
 */
export async function foldersOfNamed(home: UiHome, search: Search): Promise<readonly Candidate[]> {
  const found = await foldersOf(home, search)
  // A folder of no UI has one of several names.
  if (home.layout === 'folder') for (const { path } of found) if (await isFolder(path)) return found
  const main = found.find(({ type }) => type === undefined)
  return found.map((each) => (each === main ? { ...each, named: true } : each))
}

export interface NamedFolders {
  readonly folders: readonly Candidate[]
  /** Where the folder is a UI's home. */
  readonly home: UiHome | undefined
}

/** A folder of `--models`: all folders of a UI where it is one's home, else itself with the types that a UI gives. */
export async function namedFolders(path: string, search: Search): Promise<NamedFolders> {
  if ((await recogniseHome(path)) !== undefined) {
    const home = await homeAt(path)
    return { folders: await foldersOfNamed(home, search), home }
  }
  const layout = (await recogniseModels(path)) ?? 'folder'
  return { folders: [{ path, type: typeWithin(path), layout, named: true }], home: undefined }
}

/** Type of a folder within a folder of models: `/data/models/loras/style`. */
function typeWithin(path: string): ModelType | undefined {
  const parts = path.split('/')
  const models = parts.findLastIndex((part) => part.toLowerCase() === 'models')
  if (models === -1) return undefined
  for (const part of parts.slice(models + 1)) {
    const known = classOf(part)
    if (known !== undefined && known.type !== 'other') return known.type
  }
  return undefined
}
