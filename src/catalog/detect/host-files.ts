import type { HostFile } from './host-index.ts'
import { nameOf } from './paths.ts'
import { finalPathOf } from './unfinished.ts'

/** A file as a listing has it, whatever it is. */
export interface ListedFile {
  /** Absolute, on its host. */
  readonly path: string
  readonly sizeBytes: number
}

/** What may be known of a file beside its listing. */
export type Knowledge = Pick<HostFile, 'sha256' | 'civitaiVersionId' | 'type' | 'fault'>

/**
 * The files of a listing, each with the mark of an unfinished download where one lies beside it. What has no file beside
 * it (`x.safetensors.part` alone) stands for the file that it will be.
 */
export function toHostFiles<T extends ListedFile>(
  listed: readonly T[],
  knownOf: (file: T) => Knowledge = () => ({}),
): readonly HostFile[] {
  const marks = new Map<string, T>()
  const finished: T[] = []
  for (const file of listed) {
    const final = finalPathOf(file.path)
    if (final === undefined) finished.push(file)
    else marks.set(final, file)
  }
  const files = finished.map((file): HostFile => {
    const mark = marks.get(file.path)
    marks.delete(file.path)
    const { path, sizeBytes } = file
    return { path, sizeBytes, ...knownOf(file), ...(mark === undefined ? {} : { unfinished: nameOf(mark.path) }) }
  })
  for (const { path, sizeBytes } of marks.values()) files.push({ path, sizeBytes, unfinished: nameOf(path) })
  return files
}

/** The path that counts: of what is still being written, the one that it will have. */
export const countedPath = ({ path }: HostFile): string => finalPathOf(path) ?? path
