import type { CivitdlIds, FileSource, Place, Program } from '../expected-file.ts'
import type { Placed } from './place.ts'
import type { ReadSource } from './source.ts'

/** A file that one command would place, before the page says more about it. */
export interface FoundFile extends Place {
  readonly source: FileSource
  readonly names: readonly string[]
  readonly civitdl?: CivitdlIds
  readonly is_below?: true
  readonly sha256?: string
  /** For people, where no name says it. */
  readonly expected?: string
}

/** What one command would do. */
export interface FoundDownload {
  readonly program: Program
  readonly files: readonly FoundFile[]
  readonly notes: readonly string[]
  /** A key stands in it. */
  readonly hasSecret: boolean
}

/** Of a place what a file keeps of it. */
export const ofPlace = ({ folder, absolute_folder }: Placed): Place => ({
  ...(folder === undefined ? {} : { folder }),
  ...(absolute_folder === undefined ? {} : { absolute_folder }),
})

export const noteOf = ({ note }: Placed): string[] => (note === undefined ? [] : [note])

/** Different names, those that are there. */
export const namesOf = (...names: readonly (string | undefined)[]): string[] => [
  ...new Set(names.filter((name) => name !== undefined)),
]

/** What is fetched, for people. */
export function titleOf({ source, name }: Pick<ReadSource, 'source' | 'name'>): string {
  if (source.kind === 'civitai') return `version ${source.version_id ?? '*'} at Civitai`
  if (source.kind === 'huggingface') return source.path
  return name ?? 'a file whose name is not known'
}
