import type { FolderClass } from '../../models/known-folders.ts'
import type { ExpectedFile } from '../expected-file.ts'
import { foldersOfKind, isSameKind, kindOfFolder, usualFolders } from './folder-kinds.ts'
import { countedPath } from './host-files.ts'
import type { HostFile, HostIndex } from './host-index.ts'
import { folderOf, isWithin, joinPath } from './paths.ts'

/** Where a command puts its file, on one host. */
export interface Target {
  /** `named`: there. `homeless`: below a home that nothing tells. `nowhere`: the command does not say. */
  readonly where: 'named' | 'homeless' | 'nowhere'
  /** Absolute; undefined where it is not `named`. */
  readonly folder: string | undefined
  /** As the page has it. */
  readonly written: string
  readonly kind: FolderClass | undefined
}

export function targetOf({ folder, absolute_folder }: ExpectedFile, { uiHome, userHome }: HostIndex): Target {
  const written = absolute_folder ?? folder
  if (written === undefined) return { where: 'nowhere', folder: undefined, written: '', kind: undefined }
  const kind = kindOfFolder(written)
  const home = absolute_folder === undefined ? uiHome : userHome
  const below = absolute_folder === undefined ? written : tildeBelow(written)
  const absolute = below === undefined ? written : home === undefined ? undefined : joinPath(home, below)
  return { where: absolute === undefined ? 'homeless' : 'named', folder: absolute, written, kind }
}

/** `models/Lora` of `~/models/Lora`. */
const tildeBelow = (folder: string): string | undefined =>
  folder === '~' ? '' : folder.startsWith('~/') ? folder.slice(2) : undefined

/** Whether a file lies where the command would put it. */
export function isThere(file: HostFile, { is_below }: ExpectedFile, { folder }: Target): boolean {
  if (folder === undefined) return false
  const own = folderOf(countedPath(file))
  return is_below ? isWithin(own, folder) : own === folder
}

/**
 * The folders that were looked through for a file: where it belongs, and those that are as good. What could not be read
 * in any of them may hide it.
 */
export function foldersFor(
  { where, folder, kind }: Target,
  { uiHome, moreFolders = [] }: HostIndex,
): readonly string[] {
  const mayHold = (more: string): boolean => {
    const other = kindOfFolder(more)
    return other === undefined || kind === undefined || isSameKind(other, kind)
  }
  const own = [...(folder === undefined ? [] : [folder]), ...moreFolders.filter(mayHold)]
  if (uiHome === undefined) return own
  const others = kind !== undefined ? foldersOfKind(kind) : where === 'nowhere' ? usualFolders() : []
  return [...new Set([...own, ...others.map((each) => joinPath(uiHome, each))])]
}
