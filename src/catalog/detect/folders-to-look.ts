import type { FolderClass } from '../../models/known-folders.ts'
import { isLookable } from '../expected-file.ts'
import type { PageReport } from '../page-report.ts'
import { foldersOfKind, kindOfFolder, usualFolders } from './folder-kinds.ts'

/** Where hf stores what it is told no folder for. */
const HUGGING_FACE_CACHE = '~/.cache/huggingface/hub'

/**
 * The folders that a host has to be asked for, so that all of these pages can be checked: those that their commands name,
 * and every one that is as good. Relative to the home of the UI (`` is itself), absolute, or below `~/`.
 */
export function foldersToLook(pages: readonly Pick<PageReport, 'files'>[]): readonly string[] {
  const folders = new Set<string>()
  const kinds = new Set<FolderClass | 'usual'>()
  // Thousands of pages name few folders.
  const add = (kind: FolderClass | 'usual', more: () => readonly string[]): void => {
    if (kinds.has(kind)) return
    kinds.add(kind)
    for (const folder of more()) folders.add(folder)
  }
  for (const file of pages.flatMap(({ files }) => files)) {
    if (!isLookable(file)) continue
    const written = file.absolute_folder ?? file.folder
    if (written === undefined) {
      add('usual', usualFolders)
      if (file.source.kind === 'huggingface') folders.add(HUGGING_FACE_CACHE)
      continue
    }
    folders.add(written)
    const kind = kindOfFolder(written)
    if (kind !== undefined) add(kind, () => foldersOfKind(kind))
  }
  return [...folders]
}
