import { modelExtension } from '../../models/model-file.ts'
import { readCivitdlName } from '../civitdl-name.ts'
import { folderOf, nameOf } from './paths.ts'
import { finalNameOf } from './unfinished.ts'

/** Whether a file may be any model: it is called like one, and not by the numbers of one. */
export function isStranger(name: string): boolean {
  const final = finalNameOf(name) ?? name
  return modelExtension(final) !== undefined && readCivitdlName(final) === undefined
}

/** The folders of which one of these files, all that there are, may be any model. */
export function foldersWithStrangers(files: readonly { readonly path: string }[]): (folder: string) => boolean {
  let folders: ReadonlySet<string> | undefined
  return (folder) => {
    folders ??= new Set(files.flatMap(({ path }) => (isStranger(nameOf(path)) ? [folderOf(path)] : [])))
    return folders.has(folder)
  }
}
