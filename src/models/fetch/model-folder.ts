import { basename } from 'node:path'
import { safeFolder } from '../../download/safe-name.ts'
import { classOf, type FolderClass } from '../known-folders.ts'
import { folderFor } from '../layout.ts'
import type { ModelType } from '../model-file.ts'
import type { ModelRoot } from '../root.ts'

/** Where a file belongs, whatever UI it is for. */
export interface WantedFolder {
  readonly type: ModelType
  /** What UIs keep in such a folder, in all its spellings. */
  readonly known: FolderClass | undefined
  /** A folder that the workflow declares and no UI has of itself: one of a node. */
  readonly own: string | undefined
  /** Folders below, joined by `/`; empty where there are none. */
  readonly rest: string
}

/**
 * What a type and the folder mean that somebody declares (`loras`, `models/ultralytics/bbox`): a known folder says what
 * lies in it, whatever the type; one that leads anywhere else, or that ComfyUI-Manager calls `default`, says nothing.
 */
export function readWantedFolder(type: ModelType, declared: string | undefined): WantedFolder {
  const parts = safeFolder(declared ?? '')?.split('/') ?? []
  const below = parts.slice(parts.findLastIndex((part) => part.toLowerCase() === 'models') + 1)
  const [first, ...rest] = below
  const known = first === undefined ? undefined : classOf(first)
  if (known !== undefined) return { type: known.type, known, own: undefined, rest: rest.join('/') }
  const isOwn = first !== undefined && below.length === 1 && first !== 'default'
  return { type, known: mainFolder(type), own: isOwn ? first : undefined, rest: '' }
}

/** The kind of folder from which a type is loaded, of those that hold it. */
const mainFolder = (type: ModelType): FolderClass | undefined => classOf(folderFor(type, 'folder'))

/**
 * Folders below `root` that a UI of its layout would load the file from, the likeliest first: one that exists is as good
 * as the first. Empty: the root takes no such file. '' is the root itself.
 */
export function foldersIn(root: ModelRoot, wanted: WantedFolder): readonly string[] {
  const { own, rest } = wanted
  // Its files get there by its own client alone.
  if (root.layout === 'huggingface') return []
  if (own !== undefined && basename(root.path) === own) return ['']
  const rootFolder = classOf(basename(root.path))
  if (root.type !== undefined || rootFolder !== undefined) {
    return isFor(wanted, root.type ?? rootFolder?.type, rootFolder) ? [rest] : []
  }
  // UIs other than ComfyUI load nothing from it; a folder of no UI is anybody's.
  if (own !== undefined && (root.layout === 'comfyui' || root.layout === 'folder')) return [own]
  return spellings(root, wanted).map((folder) => [folder, rest].filter((part) => part !== '').join('/'))
}

/** Whether a folder of one kind takes the file. */
function isFor(wanted: WantedFolder, type: ModelType | undefined, folder: FolderClass | undefined): boolean {
  if (wanted.own !== undefined || wanted.type !== type) return false
  // A folder of its own name says by its type alone what is in it.
  return (folder ?? mainFolder(wanted.type)) === wanted.known
}

function spellings({ layout }: ModelRoot, { type, known }: WantedFolder): readonly string[] {
  if (known === undefined) return ['']
  if (known !== mainFolder(type)) return known.folders
  const usual = usualFolder(type, layout)
  return layout === 'folder' ? [...new Set([usual, ...known.folders])] : [usual]
}

/** The type's folder below the one with all models. */
function usualFolder(type: ModelType, layout: ModelRoot['layout']): string {
  const base = folderFor('other', layout)
  const folder = folderFor(type, layout)
  if (base === '') return folder
  // Beside the folder with all models, and no model folder of its own where it does not exist: A1111's `embeddings`.
  return folder.startsWith(`${base}/`) ? folder.slice(base.length + 1) : folderFor(type, 'folder')
}
