import type { Library, LibraryFile } from '../../models/library.ts'

export interface HashFilesOptions {
  /** Nobody needs the others any more. */
  readonly isOver?: () => boolean
  /** A file has its digests now, under each of its names. */
  readonly onHashed: (listings: readonly LibraryFile[]) => Promise<void>
  readonly onBytes: (done: number, total: number) => void
}

/**
 * Hashes these files one after another, each once however many names it has.
 * @returns those that could not be read
 */
export async function hashFiles(
  files: Iterable<LibraryFile>,
  library: Pick<Library, 'digest'>,
  { isOver = () => false, onHashed, onBytes }: HashFilesOptions,
): Promise<readonly LibraryFile[]> {
  const listings = byPath(files)
  const total = bytesOf(listings)
  const faulty: LibraryFile[] = []
  let done = 0
  for (const names of listings.values()) {
    if (isOver()) break
    const [file] = names
    if (file === undefined) continue
    await library.digest(file, (bytes) => onBytes(done + bytes, total))
    done += file.sizeBytes
    if (file.digests === undefined) faulty.push(...names)
    else await onHashed(names)
  }
  return faulty
}

/** A file may have several names. */
function byPath(files: Iterable<LibraryFile>): ReadonlyMap<string, LibraryFile[]> {
  const groups = new Map<string, LibraryFile[]>()
  for (const file of new Set(files)) {
    const group = groups.get(file.path)
    if (group === undefined) groups.set(file.path, [file])
    else group.push(file)
  }
  return groups
}

const bytesOf = (listings: ReadonlyMap<string, readonly LibraryFile[]>): number =>
  [...listings.values()].reduce((sum, [file]) => sum + (file?.sizeBytes ?? 0), 0)

/** `2 files of 6,938,040,714 bytes`, `3 files, 12,345 bytes together`; each file once. */
export function amountOf(files: readonly LibraryFile[]): string {
  const sizes = [...byPath(files).values()].flatMap(([file]) => (file === undefined ? [] : [file.sizeBytes]))
  const counted = `${sizes.length} ${sizes.length === 1 ? 'file' : 'files'}`
  const [first = 0] = sizes
  if (sizes.every((size) => size === first)) return `${counted} of ${inBytes(first)}`
  return `${counted}, ${inBytes(sizes.reduce((sum, size) => sum + size, 0))} together`
}

const inBytes = (count: number): string => `${count.toLocaleString('en-US')} bytes`
