import { createHash } from 'node:crypto'
import { askBoth, type Question, unusable } from './ask-both.ts'
import { findByHashes } from './find-by-hashes.ts'
import { createCivitaiHosts } from './hosts.ts'
import { isModelFile } from './model-type.ts'
import { createRemembered, type Remembered } from './remembered.ts'
import type { CivitaiRequestDeps } from './request.ts'
import { type CivitaiCandidate, searchByName } from './search-name.ts'
import { type CivitaiModel, type CivitaiVersion, parseCivitaiModel, parseCivitaiVersion } from './version.ts'
import { hasHash, isLookup } from './wanted-hash.ts'
import type { ModelRequestOptions } from './wire.ts'

export interface VersionRequestOptions extends ModelRequestOptions {
  /** Whatever is remembered of it: files get replaced upstream. */
  readonly fresh?: boolean | undefined
}

/**
 * Civitai's public API, as much of it as finding a model's file needs. Answers are remembered for minutes, and equal
 * questions that come at once are one request. What is not there, or not shown, is undefined or left out.
 * All throw SourceRefused `region`; AppError upstream_unavailable, rate_limited, forbidden, cancelled.
 */
export interface CivitaiVersions {
  /**
   * The version with a file of this digest, of any kind that Civitai has: 8, 10, 12 or 64 hex digits. Only one that says
   * so itself counts; of 64 digits, which can be checked later, one that says nothing too.
   */
  findByHash(hash: string, options: VersionRequestOptions): Promise<CivitaiVersion | undefined>
  /** As {@link findByHashes}. */
  findByHashes(sha256s: Iterable<string>, options: ModelRequestOptions): Promise<Map<string, CivitaiVersion>>
  /** Without a licence, which only the model knows. */
  getVersion(versionId: number, options: VersionRequestOptions): Promise<CivitaiVersion | undefined>
  getModel(modelId: number, options: VersionRequestOptions): Promise<CivitaiModel | undefined>
  /** As {@link searchByName}. */
  searchByName(
    name: string,
    types: readonly string[],
    options: ModelRequestOptions,
  ): Promise<readonly CivitaiCandidate[]>
}

export interface CivitaiVersionsDeps extends CivitaiRequestDeps {
  /** `https://civitai.com` or a mirror of it. */
  readonly baseUrl: string
  /** Milliseconds of a clock that is never set. */
  readonly now?: () => number
}

/** A version takes a few KB, a model with all its versions up to some hundred. */
const VERSION_ENTRIES = 2_000
const MODEL_ENTRIES = 50
const REMEMBER = { hitMs: 10 * 60_000, missMs: 60_000 }

/** A model with a thousand files takes 4 MB; parsing more at once would hold up everything else. */
const MAX_ANSWER_BYTES = 16 * 2 ** 20

export function createCivitaiVersions(given: CivitaiVersionsDeps): CivitaiVersions {
  const limits = { ...REMEMBER, ...(given.now === undefined ? {} : { now: given.now }) }
  const versions = createRemembered<CivitaiVersion>({ ...limits, entries: VERSION_ENTRIES })
  const models = createRemembered<CivitaiModel>({ ...limits, entries: MODEL_ENTRIES })
  const deps = { maxAnswerBytes: MAX_ANSWER_BYTES, ...given, hosts: createCivitaiHosts(given.baseUrl) }

  const find = async (digest: string, options: VersionRequestOptions): Promise<CivitaiVersion | undefined> => {
    const hash = digest.toLowerCase()
    if (!isLookup(hash)) return undefined
    const question: Question<CivitaiVersion> = {
      // Civitai stores and compares them in upper case.
      path: `/model-versions/by-hash/${hash.toUpperCase()}`,
      read(answer, host) {
        const version = parseCivitaiVersion(answer)
        if (version === undefined) throw unusable(host, 'it is no version of a model')
        return maySo(version, hash) ? version : undefined
      },
    }
    return versions.get(keyOf('hash', hash, options), options, (signal) =>
      askBoth(question, { ...options, signal }, deps),
    )
  }

  function byId<T>(
    folder: string,
    known: Remembered<T>,
    parse: (answer: unknown) => T | undefined,
    idOf: (found: T) => number,
  ): (id: number, options: VersionRequestOptions) => Promise<T | undefined> {
    return async (id, options) => {
      if (!isId(id)) return undefined
      const read = (answer: unknown, host: string): T => {
        const found = parse(answer)
        if (found !== undefined && idOf(found) === id) return found
        throw unusable(host, `it is not that of /${folder}/${id}`)
      }
      const question = { path: `/${folder}/${id}`, read }
      return known.get(keyOf('id', id, options), options, (signal) => askBoth(question, { ...options, signal }, deps))
    }
  }

  return {
    findByHash: find,
    findByHashes: (sha256s, options) =>
      findByHashes(sha256s, options, {
        ...deps,
        known: versions,
        keyOf: (digest) => keyOf('hash', digest, options),
        findOne: (digest) => find(digest, options),
      }),
    getVersion: byId('model-versions', versions, parseCivitaiVersion, ({ versionId }) => versionId),
    getModel: byId('models', models, parseCivitaiModel, ({ modelId }) => modelId),
    searchByName: (name, types, options) => searchByName(name, types, options, deps),
  }
}

/** Of Civitai's own bound. */
const isId = (id: number): boolean => Number.isSafeInteger(id) && id >= 1 && id <= 2_147_483_647

/** A key may see what others do not: answers are remembered for it alone. */
function keyOf(kind: 'hash' | 'id', what: string | number, { token = '' }: ModelRequestOptions): string {
  return `${createHash('sha256').update(token).digest('hex')} ${kind} ${what}`
}

function maySo(version: CivitaiVersion, hash: string): boolean {
  if (version.files.some(({ hashes }) => hasHash(hashes, hash))) return true
  return (
    hash.length === 64 && version.files.some(({ type, hashes }) => isModelFile(type) && hashes.sha256 === undefined)
  )
}
