import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { isNote } from '../scan/beside.ts'
import { nameKind } from '../scan/file-names.ts'
import { isCacheStore } from '../scan/hugging-face.ts'
import { foldersBelow } from '../scan/walk.ts'

/**
 * The folders that are to be walked again after events at these paths below `root`; '' is the root. Absolute paths,
 * none within another; none at all where nothing that a walk would see has changed.
 */
export function changedFolders(root: string, paths: Iterable<string>): string[] {
  const folders = new Set<string>()
  for (const path of paths) {
    if (path === '') return [root]
    if (/(?:^|\/)\./.test(path) || isCacheStore(path)) continue
    const folder = changedFolder(root, path)
    if (folder === '') return [root]
    if (folder !== undefined) folders.add(join(root, folder))
  }
  return foldersBelow(root, [...folders]).map((folder) => join(root, folder))
}

function changedFolder(root: string, path: string): string | undefined {
  const kind = kindOf(join(root, path))
  if (kind === 'folder') return path
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (kind === 'link' || nameKind(name) !== 'other') return parentOf(path)
  if (isNote(name)) {
    const parent = parentOf(path)
    // civitdl keeps what it knows of a model one folder below it.
    return /(?:^|\/)extra_data-[^/]*$/.test(parent) ? parentOf(parent) : parent
  }
  // It may have been a folder. If so, all that is stored below it is gone.
  return kind === 'gone' ? path : undefined
}

function kindOf(path: string): 'folder' | 'link' | 'file' | 'gone' {
  try {
    const info = lstatSync(path, { throwIfNoEntry: false })
    if (info === undefined) return 'gone'
    return info.isDirectory() ? 'folder' : info.isSymbolicLink() ? 'link' : 'file'
  } catch {
    return 'gone'
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')))
