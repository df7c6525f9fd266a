import { isAppError } from '../errors.ts'
import { isEmptyHash, isSha256Hex } from '../hash/digest.ts'
import { inParallel } from '../lib/in-parallel.ts'
import { type AskDeps, askBoth, unusable } from './ask-both.ts'
import type { Remembered } from './remembered.ts'
import { type CivitaiVersion, parseCivitaiVersion, timeOf } from './version.ts'
import type { ModelRequestOptions } from './wire.ts'

/** Digests of one request (`by-hash`). */
const MAX_DIGESTS = 100
/** Questions at once where digests have to be asked for one by one. */
const AT_ONCE = 4

export interface ManyDeps extends AskDeps {
  /** By digest; what is found is put there. */
  readonly known: Pick<Remembered<CivitaiVersion>, 'peek' | 'put'>
  readonly keyOf: (digest: string) => string
  /** Asks for one digest. */
  readonly findOne: (digest: string) => Promise<CivitaiVersion | undefined>
}

/**
 * The versions of many SHA-256, a hundred by one request. Those that an answer leaves open (a null in its list, no answer)
 * are asked for one by one.
 * @returns by digest in lower case; those that Civitai does not know are left out
 * @throws SourceRefused `region`; AppError upstream_unavailable, rate_limited, forbidden, cancelled
 */
export async function findByHashes(
  sha256s: Iterable<string>,
  options: ModelRequestOptions,
  { known, keyOf, findOne, ...deps }: ManyDeps,
): Promise<Map<string, CivitaiVersion>> {
  const wanted = [...new Set(Array.from(sha256s, (digest) => digest.toLowerCase()))].filter(
    (digest) => isSha256Hex(digest) && !isEmptyHash(digest),
  )
  const found = new Map<string, CivitaiVersion>()
  const asked: string[] = []
  for (const digest of wanted) {
    const entry = known.peek(keyOf(digest))
    if (entry === undefined) asked.push(digest)
    else if (entry.value !== undefined) found.set(digest, entry.value)
  }
  for (let from = 0; from < asked.length; from += MAX_DIGESTS) {
    const batch = asked.slice(from, from + MAX_DIGESTS)
    const { versions, isComplete } = await askBatch(batch)
    for (const digest of batch) {
      const version = versions.get(digest)
      if (version !== undefined) found.set(digest, version)
      if (version !== undefined || isComplete) known.put(keyOf(digest), version)
    }
    const open = isComplete ? [] : batch.filter((digest) => !versions.has(digest))
    await inParallel(open, AT_ONCE, async (digest) => {
      const version = await findOne(digest)
      if (version !== undefined) found.set(digest, version)
    })
  }
  return found

  async function askBatch(batch: readonly string[]): Promise<Batch> {
    const versions = new Map<string, CivitaiVersion>()
    let isAnswered = false
    let isWhole = true
    const read = (answer: unknown, host: string): true | undefined => {
      if (!Array.isArray(answer)) throw unusable(host, 'it holds no list of versions')
      const parsed = answer.map(parseCivitaiVersion)
      for (const version of parsed) if (version !== undefined) take(version, new Set(batch), versions)
      isAnswered = true
      isWhole &&= !parsed.includes(undefined)
      return versions.size === batch.length ? true : undefined
    }
    // Civitai stores and compares them in upper case.
    const body = batch.map((digest) => digest.toUpperCase())
    try {
      await askBoth({ path: '/model-versions/by-hash', body, read }, options, deps)
    } catch (error) {
      if (!isAppError(error) || error.code !== 'upstream_unavailable') throw error
      deps.log.debug({ ...options.trace, err: error }, 'asking Civitai for one digest after another')
    }
    return { versions, isComplete: isAnswered && isWhole }
  }
}

interface Batch {
  readonly versions: ReadonlyMap<string, CivitaiVersion>
  /** What is not among the versions is not at Civitai. */
  readonly isComplete: boolean
}

/** Several versions may hold one file: the one that was published first, as Civitai chooses for one digest. */
function take(version: CivitaiVersion, asked: ReadonlySet<string>, found: Map<string, CivitaiVersion>): void {
  for (const { hashes } of version.files) {
    const digest = hashes.sha256
    if (digest === undefined || !asked.has(digest)) continue
    const before = found.get(digest)
    if (before === undefined || isEarlier(version, before)) found.set(digest, version)
  }
}

const isEarlier = (one: CivitaiVersion, other: CivitaiVersion): boolean => {
  const difference = timeOf(one) - timeOf(other)
  return difference < 0 || (difference === 0 && one.versionId < other.versionId)
}
