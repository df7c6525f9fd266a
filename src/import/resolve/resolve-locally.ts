import { setImmediate } from 'node:timers/promises'
import type { Library, LibraryFile } from '../../models/library.ts'
import type { Dependency } from '../dependency.ts'
import { findByHash, findSure } from './find-sure.ts'
import { hashNamed } from './hash-named.ts'
import { hintsOf } from './hints.ts'
import { isComparable } from './match.ts'
import { withPartlyNamed } from './partly-named.ts'
import { resolved, type Settled, settle, withStep } from './settle.ts'

export interface ResolveProgress {
  /** Every dependency, settled or not. */
  readonly dependencies: readonly Dependency[]
  /** Bytes of model files read for their digests so far, and the bytes of those that may have to be read. */
  readonly hashedBytes: number
  readonly bytesToHash: number
}

export interface ResolveOptions {
  readonly signal: AbortSignal
  /** The index does not know of all: from here on it takes looks at the disk, and perhaps reading files. */
  readonly onOpen?: (progress: ResolveProgress) => Promise<void>
  /** Dependencies were settled while others are open. */
  readonly onSettled: (progress: ResolveProgress) => Promise<void>
  /** More bytes were read. */
  readonly onHashing: (progress: ResolveProgress) => void
}

type Judge = (dependency: Dependency, files: readonly LibraryFile[]) => Settled | undefined

const judgeBy =
  (find: typeof findSure): Judge =>
  (dependency, files) => {
    const found = find(dependency, files)
    return found === undefined ? undefined : resolved(dependency, found)
  }
const judgeSure = judgeBy(findSure)
/** For files of which nobody knows whether they are the only ones of their name. */
const judgeHash = judgeBy(findByHash)

/** A thousand models in a prompt times as many files take seconds: others are served in between. */
const AT_ONCE = 20

/**
 * Finds each dependency among the files of this host: by the index alone where that is enough, else by a look at the disk,
 * by the headers of files that nobody has read, and at last by hashing those with its name. Each file is looked at before it counts, and a
 * name whose hash is another one is never taken silently: it becomes a candidate.
 * @throws the signal's reason
 */
export async function resolveLocally(
  wanted: readonly Dependency[],
  library: Library,
  options: ResolveOptions,
): Promise<Dependency[]> {
  const { signal } = options
  const dependencies = [...wanted]
  let hashedBytes = 0
  let bytesToHash = 0
  const progress = (): ResolveProgress => ({ dependencies, hashedBytes, bytesToHash })
  const openPlaces = (): number[] =>
    [...dependencies.entries()].flatMap(([at, { status }]) => (status === 'pending' ? [at] : []))
  const at = (place: number): Dependency => dependencies[place] as Dependency

  /** Settles what these files settle, after a look at each that counts. @returns those that are not what they were */
  async function judge(places: readonly number[], files: readonly LibraryFile[], how: Judge): Promise<LibraryFile[]> {
    const settled: (readonly [place: number, outcome: Settled])[] = []
    for (const [count, place] of places.entries()) {
      if (count % AT_ONCE === AT_ONCE - 1) await setImmediate()
      signal.throwIfAborted()
      const outcome = how(at(place), files)
      if (outcome !== undefined) settled.push([place, outcome])
    }
    const confirmed = await Promise.all(
      settled.map(([, { file }]) => (file === undefined ? true : library.confirm(file))),
    )
    for (const [count, [place, { dependency }]] of settled.entries()) {
      if (confirmed[count] === true) dependencies[place] = dependency
    }
    return settled.flatMap(([, { file }], count) => (file !== undefined && confirmed[count] !== true ? [file] : []))
  }

  /** With files that could not be read, which the index does not tell of in all cases. */
  async function pass(how: Judge, faulty: readonly LibraryFile[] = []): Promise<void> {
    const places = openPlaces()
    if (places.length === 0) return
    let files = withFaults(await library.find(hintsOf(places.map(at))), faulty)
    for (let open = places; open.length > 0; ) {
      const stale = new Set((await judge(open, files, how)).map(({ path }) => path))
      if (stale.size === 0) break
      files = files.filter(({ path }) => !stale.has(path))
      open = openPlaces()
    }
    if (openPlaces().length > 0) await options.onSettled(progress())
  }

  await pass(judgeSure)
  if (openPlaces().length === 0) return dependencies
  await options.onOpen?.(progress())
  await library.look()
  await pass(judgeSure)
  if (openPlaces().length > 0) {
    await library.readHeaders()
    await pass(judgeSure)
  }
  const faulty = await hashNamed(library, {
    open: () => new Map(openPlaces().flatMap((place) => (isComparable(at(place).hashes) ? [[place, at(place)]] : []))),
    onBegin(place, what) {
      dependencies[place] = { ...withStep(what, at(place)), reason: what }
    },
    async onHashed(listings) {
      const before = openPlaces().length
      await judge(openPlaces(), listings, judgeHash)
      if (openPlaces().length < before) await options.onSettled(progress())
    },
    onBytes(done, total) {
      hashedBytes = done
      bytesToHash = total
      options.onHashing(progress())
    },
  })
  await pass(settle, faulty)
  for (const [place, dependency] of dependencies.entries()) {
    signal.throwIfAborted()
    dependencies[place] = await withPartlyNamed(dependency, library)
  }
  return dependencies
}

function withFaults(found: readonly LibraryFile[], faulty: readonly LibraryFile[]): readonly LibraryFile[] {
  if (faulty.length === 0) return found
  const byPath = new Map(faulty.map((file) => [file.listedPath, file]))
  const rest = found.filter(({ listedPath, digests }) => digests !== undefined || !byPath.has(listedPath))
  const known = new Set(rest.map(({ listedPath }) => listedPath))
  return [...rest, ...faulty.filter(({ listedPath }) => !known.has(listedPath))]
}
