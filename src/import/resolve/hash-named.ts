import { setImmediate } from 'node:timers/promises'
import type { Library, LibraryFile } from '../../models/library.ts'
import type { Dependency } from '../dependency.ts'
import { amountOf, type HashFilesOptions, hashFiles } from './hash-files.ts'
import { matchNames } from './match.ts'

export interface HashNamedOptions extends Pick<HashFilesOptions, 'onHashed' | 'onBytes'> {
  /** What hashes could still settle, by its place. */
  readonly open: () => ReadonlyMap<number, Dependency>
  /** Files with its name are about to be hashed: `what` says so in one sentence. */
  readonly onBegin: (place: number, what: string) => void
}

/**
 * Hashes files that have the right name, until nothing is open: that is what nearly all of them turn out to be, and a
 * name whose hash is another one has to be told of. Of all others only those of the right size are worth reading.
 * @returns those that could not be read
 */
export async function hashNamed(
  library: Library,
  { open, onBegin, onHashed, onBytes }: HashNamedOptions,
): Promise<readonly LibraryFile[]> {
  const wanted = open()
  if (wanted.size === 0) return []
  const unhashed = await library.unhashed()
  const named: LibraryFile[] = []
  for (const [place, dependency] of wanted) {
    await setImmediate()
    const { exact, sameStem, similar } = matchNames(dependency, unhashed)
    const own = [...exact, ...sameStem, ...similar]
    if (own.length === 0) continue
    onBegin(place, `Hashing ${amountOf(own)} with its name`)
    named.push(...own)
  }
  return hashFiles(named, library, { isOver: () => open().size === 0, onHashed, onBytes })
}
