import { setImmediate } from 'node:timers/promises'
import type { Library, LibraryFile } from '../../models/library.ts'
import { isOfType } from '../../models/type-kinship.ts'
import type { Dependency } from '../dependency.ts'
import { matchNames } from './match.ts'

export interface HashUnknownOptions {
  /** What hashes could still settle. */
  readonly open: () => readonly Dependency[]
  /** A file has its digests now, under each of its names. */
  readonly onHashed: (listings: readonly LibraryFile[]) => Promise<void>
  readonly onBytes: (done: number, total: number) => void
}

/**
 * Hashes files until nothing is open: those with the right name, then the others of the types.
 * @returns those that could not be read
 */
export async function hashUnknown(
  library: Library,
  { open, onHashed, onBytes }: HashUnknownOptions,
): Promise<readonly LibraryFile[]> {
  const wanted = open()
  if (wanted.length === 0) return []
  const unhashed = await library.unhashed()
  const named: LibraryFile[] = []
  for (const dependency of wanted) {
    await setImmediate()
    const { exact, sameStem, similar } = matchNames(dependency, unhashed)
    named.push(...exact, ...sameStem, ...similar)
  }
  const types = [...new Set(wanted.map(({ type }) => type))]
  const others = unhashed.filter((file) => types.some((type) => isOfType(type, file.type)))
  const listings = byPath(new Set([...named, ...others]))
  const total = [...listings.values()].reduce((sum, [file]) => sum + (file?.sizeBytes ?? 0), 0)
  const faulty: LibraryFile[] = []
  let done = 0
  for (const names of listings.values()) {
    if (open().length === 0) break
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
function byPath(files: ReadonlySet<LibraryFile>): ReadonlyMap<string, LibraryFile[]> {
  const groups = new Map<string, LibraryFile[]>()
  for (const file of files) {
    const group = groups.get(file.path)
    if (group === undefined) groups.set(file.path, [file])
    else group.push(file)
  }
  return groups
}
