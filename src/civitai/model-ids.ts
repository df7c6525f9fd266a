import { setImmediate } from 'node:timers/promises'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { isEmptyHash, isSha256Hex } from '../hash/digest.ts'
import type { CivitaiHosts } from './hosts.ts'
import { type CivitaiRequestDeps, NOT_THERE, requestJson } from './request.ts'
import { askSibling, idSchema, lenient, type ModelRequestOptions } from './wire.ts'

/** Where Civitai has a file: the version that holds it, and that version's model. */
export interface VersionId {
  readonly versionId: number
  /** Older documentation leaves it out. */
  readonly modelId: number | undefined
}

/** Digests of one request (`by-hash/ids`). */
export const MAX_DIGESTS = 10_000

/** Entries that are read between two turns of the event loop. */
const SLICE = 1_000

const entrySchema = v.object({ hash: v.string(), modelVersionId: idSchema, modelId: lenient(idSchema) })

/**
 * Which version holds each file, by the SHA-256 of the whole file. One request for 10,000 digests, and where something
 * is missing one more to the other host of the same site. What has not the form of a digest, and the digest of no bytes,
 * which finds models at random there, is never sent.
 * @returns by digest in lower case; those that Civitai does not know are left out
 * @throws AppError upstream_unavailable, rate_limited, forbidden, cancelled
 */
export async function findVersionIds(
  sha256s: Iterable<string>,
  options: ModelRequestOptions,
  { hosts, ...deps }: CivitaiRequestDeps & { readonly hosts: CivitaiHosts },
): Promise<Map<string, VersionId>> {
  const wanted = [...new Set(Array.from(sha256s, (digest) => digest.toLowerCase()))].filter(
    (digest) => isSha256Hex(digest) && !isEmptyHash(digest),
  )
  const found = new Map<string, VersionId>()
  for (let from = 0; from < wanted.length; from += MAX_DIGESTS) {
    const batch = wanted.slice(from, from + MAX_DIGESTS)
    await ask(hosts.base, batch)
    const { sibling } = hosts
    const missing = batch.filter((digest) => !found.has(digest))
    if (sibling !== undefined && missing.length > 0) await askSibling(() => ask(sibling, missing), options, deps.log)
  }
  return found

  async function ask(origin: URL, digests: readonly string[]): Promise<void> {
    const url = hosts.api(origin, '/model-versions/by-hash/ids')
    const { signal, trace } = options
    const token = hosts.tokenFor(origin, options.token)
    // Civitai stores and compares them in upper case.
    const body = digests.map((digest) => digest.toUpperCase())
    const answer = await requestJson({ url, body, hosts: hosts.allowed, signal, token, trace }, deps)
    if (!Array.isArray(answer)) {
      const reason = answer === NOT_THERE ? 'it answered 404' : 'its answer holds no list of versions'
      throw new AppError('upstream_unavailable', `Cannot ask ${url.host} for digests: ${reason}`, {
        hint: 'Check AIRKEEP_CIVITAI_URL',
      })
    }
    await take(answer, new Set(digests))
  }

  async function take(entries: readonly unknown[], asked: ReadonlySet<string>): Promise<void> {
    for (const [index, entry] of entries.entries()) {
      if (index % SLICE === SLICE - 1) await setImmediate()
      const parsed = v.safeParse(entrySchema, entry)
      if (!parsed.success) continue
      const digest = parsed.output.hash.toLowerCase()
      const versionId = parsed.output.modelVersionId
      const before = found.get(digest)
      // Several versions may hold the same file: the oldest, as Civitai itself chooses for one digest.
      if (!asked.has(digest) || (before !== undefined && before.versionId <= versionId)) continue
      found.set(digest, { versionId, modelId: parsed.output.modelId ?? undefined })
    }
  }
}
