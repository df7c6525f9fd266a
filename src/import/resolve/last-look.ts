import type { Offer } from '../../models/fetch/wanted.ts'
import type { Library, LibraryFile } from '../../models/library.ts'
import { isOfType } from '../../models/type-kinship.ts'
import type { Dependency } from '../dependency.ts'
import { expectedSizes } from './expected-size.ts'
import { type Found, findByHash, isOther } from './find-sure.ts'
import { amountOf, hashFiles } from './hash-files.ts'
import { hintsOf } from './hints.ts'
import { isComparable } from './match.ts'
import { resolved, withStep } from './settle.ts'

/** How the dependency stands meanwhile; `isNew`: more than its bytes changed. */
export type ShowLook = (now: Dependency, isNew: boolean) => void

/**
 * Looks among the files of this host once more, now that it is known who else has the model: by the digest that they
 * give, and by hashing those files whose size is the right one.
 * @returns the dependency: resolved, or with what was done for it
 * @throws the signal's reason
 */
export type LastLook = (dependency: Dependency, offers: readonly Offer[], show: ShowLook) => Promise<Dependency>

/**
 * Bytes that one import reads of files of which nothing is known but that they may be it, where nobody says how large
 * it is: seconds. A scan reads the others.
 */
export const MOST_UNSIZED_BYTES = 2 * 2 ** 30

/** One import hashes for one dependency after another: what is read for the first is known for the next. */
export function createLastLook(library: Library, signal: AbortSignal): LastLook {
  let last: Promise<unknown> = Promise.resolve()
  let unsizedLeft = MOST_UNSIZED_BYTES

  /** Of these, after a look at it; what the prompt itself says has the last word, and tells by what it was found. */
  async function findAmong(sought: Sought, files: readonly LibraryFile[]): Promise<Found | undefined> {
    const possible = files.filter((file) => !isOther(sought.asWritten, file))
    for (let left = possible; ; ) {
      const found = findByHash(sought.asTold, left)
      if (found === undefined) return undefined
      if (await library.confirm(found.file)) return findByHash(sought.asWritten, [found.file]) ?? found
      left = left.filter(({ path }) => path !== found.file.path)
    }
  }

  async function look(dependency: Dependency, offers: readonly Offer[], show: ShowLook): Promise<Dependency> {
    signal.throwIfAborted()
    const sought = { asWritten: dependency, asTold: withDigestsOf(dependency, offers) }
    if (!isComparable(sought.asTold.hashes)) return dependency
    const known = await findAmong(sought, await library.find(hintsOf([sought.asTold])))
    if (known !== undefined) return asFound(dependency, known)
    const sizes = expectedSizes(offers)
    const { files, left } =
      sizes === undefined
        ? await withinBounds(dependency)
        : { files: await filesOf(dependency, library.unhashed(sizes.ranges)), left: [] }
    const why = sizes === undefined ? UNSIZED : `, the size that it has at ${sizes.source}`
    let now = dependency
    if (files.length > 0) {
      const what = `Hashing ${amountOf(files)}${why}`
      now = withStep(what, dependency)
      const shown: Dependency = { ...now, status: 'pending', reason: what }
      show(shown, true)
      const found = await hash(sought, files, (done, total) =>
        show({ ...shown, bytes_done: done, bytes_total: total }, false),
      )
      if (found !== undefined) return asFound(now, found)
      now = withStep(`Hashed ${amountOf(files)}: none is it`, now)
    }
    return left.length === 0 ? now : withoutLook(now, left)
  }

  /** What may be read though nobody knows its size, and what is too much. */
  async function withinBounds(dependency: Dependency) {
    const files: LibraryFile[] = []
    const left: LibraryFile[] = []
    const counted = new Set<string>()
    for (const file of await filesOf(dependency, library.unhashed())) {
      const bytes = counted.has(file.path) ? 0 : file.sizeBytes
      counted.add(file.path)
      if (bytes > unsizedLeft) left.push(file)
      else {
        unsizedLeft -= bytes
        files.push(file)
      }
    }
    return { files, left }
  }

  async function hash(
    sought: Sought,
    files: readonly LibraryFile[],
    onBytes: (done: number, total: number) => void,
  ): Promise<Found | undefined> {
    let found: Found | undefined
    await hashFiles(files, library, {
      isOver: () => found !== undefined,
      async onHashed(listings) {
        found = await findAmong(sought, listings)
      },
      onBytes,
    })
    return found
  }

  return (dependency, offers, show) => {
    const result = last.then(() => look(dependency, offers, show))
    last = result.catch(() => {})
    return result
  }
}

interface Sought {
  /** As the prompt has it. */
  readonly asWritten: Dependency
  /** With the digests that those give who have it. */
  readonly asTold: Dependency
}

const UNSIZED = ' that may be it: nobody says how large it is'

async function filesOf(
  { type }: Dependency,
  unhashed: Promise<readonly LibraryFile[]>,
): Promise<readonly LibraryFile[]> {
  return (await unhashed).filter((file) => isOfType(type, file.type))
}

/** What those say of it who have it, beside what the prompt says. */
function withDigestsOf(dependency: Dependency, offers: readonly Offer[]): Dependency {
  const told = offers.flatMap(({ sha256, tensor_sha256: tensor, source }) => [
    ...(sha256 === undefined ? [] : [{ algorithm: 'sha256' as const, value: sha256, source }]),
    ...(tensor === undefined ? [] : [{ algorithm: 'tensor_sha256' as const, value: tensor, source }]),
  ])
  return { ...dependency, hashes: [...dependency.hashes, ...told] }
}

const asFound = (dependency: Dependency, found: Found): Dependency => ({
  ...resolved(dependency, found).dependency,
  ...{ candidates: [], reason_code: null, bytes_done: 0, bytes_total: 0 },
})

/** A conflict stays what it is; what is missing may well be one of them. */
function withoutLook(dependency: Dependency, left: readonly LibraryFile[]): Dependency {
  const what = `${amountOf(left)} may be it and were not hashed, as nobody says how large it is: scan_models hashes them`
  const told = withStep(what, dependency)
  const reason = `${dependency.reason ?? 'It is not on this host'}, as far as is known (${what})`
  return dependency.status === 'missing' ? { ...told, reason } : told
}
