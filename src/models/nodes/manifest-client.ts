import { isAppError } from '../../errors.ts'
import type { GuardedFetch } from '../../net/fetch.ts'
import type { GuardedResponse } from '../../net/response.ts'
import { type VerifiedManifest, verifyManifest } from '../serve/verify-manifest.ts'
import { PeerDistrusted } from './peer-health.ts'
import type { PeerNode } from './peer-list.ts'
import { askPeer, type PeerAsk, refusedBy } from './peer-request.ts'

export interface ReceivedList {
  readonly manifest: VerifiedManifest
  readonly etag: string | undefined
}

/**
 * What a node of our own protocol says of its models. Its signature and key have been checked before anything is
 * answered; a key that is seen first is pinned.
 * @throws AppError conflict: another key; checksum_mismatch: changed on the way; payload_too_large: a list too long;
 * forbidden (refused token), rate_limited, upstream_unavailable, cancelled
 */
export interface ManifestClient {
  /** The file with this digest, of the whole or of its tensors. */
  ask(digest: string, ask: PeerAsk & { readonly chunks?: boolean | undefined }): Promise<VerifiedManifest>
  /** @param types joined by commas; empty: all @returns undefined where it is still that of the ETag */
  list(types: string, etag: string | undefined, ask: PeerAsk): Promise<ReceivedList | undefined>
  /** The key that the node is held to. */
  readonly publicKey: string | undefined
  /** Whether it has shown its key since this program began. */
  readonly isVerified: boolean
}

/** A node may have to read its index first, and the line may be slow. */
export const LIST_MS = 120_000
/** Reading chunk hashes for the first time means reading the file. */
const CHUNKS_MS = 600_000
/** Some 20,000 models; reading them takes 20 times as much memory for a moment. */
const MAX_LIST_BYTES = 12 * 1024 * 1024

export interface ManifestClientDeps {
  readonly fetch: GuardedFetch
  readonly node: PeerNode
  /** For what a node should have at hand. */
  readonly answerWithinMs: number
}

export function createManifestClient({ fetch, node, answerWithinMs }: ManifestClientDeps): ManifestClient {
  let { publicKey } = node
  let isVerified = false

  function get(query: string, headersTimeoutMs: number, { signal, trace }: PeerAsk, headers = {}) {
    const path = `/v1/models/manifest${query}`
    const limits = { maxBytes: MAX_LIST_BYTES, connectTimeoutMs: answerWithinMs, headersTimeoutMs }
    return askPeer(fetch, node, 'airkeep', { path, headers, signal, trace, ...limits })
  }

  async function read(response: GuardedResponse): Promise<VerifiedManifest> {
    if (response.status !== 200) throw refusedBy(response)
    const json = await response.json()
    const manifest = await orDistrusted(() => verifyManifest(json, publicKey))
    if (publicKey === undefined && manifest.publicKey !== undefined && node.pin !== undefined) {
      const { pin } = node
      const { publicKey: key } = manifest
      await orDistrusted(() => pin(key))
      publicKey = manifest.publicKey
    }
    isVerified = true
    return manifest
  }

  return {
    async ask(digest, { chunks = false, ...ask }) {
      const query = `?hash=${digest}${chunks ? '&chunks=true' : ''}`
      return read(await get(query, chunks ? CHUNKS_MS : answerWithinMs, ask))
    },
    async list(types, etag, ask) {
      const conditions = etag === undefined ? {} : { 'if-none-match': etag }
      const response = await get(types === '' ? '' : `?include=${types}`, LIST_MS, ask, conditions)
      if (response.status !== 304 || etag === undefined) {
        return { manifest: await read(response), etag: response.headers.get('etag') ?? undefined }
      }
      response.discard()
      return undefined
    },
    get publicKey() {
      return publicKey
    },
    get isVerified() {
      return isVerified
    },
  }
}

/** @throws PeerDistrusted where the check of key or signature has failed; else what it throws */
async function orDistrusted<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check()
  } catch (error) {
    const isFailed = isAppError(error) && (error.code === 'conflict' || error.code === 'checksum_mismatch')
    throw isFailed ? new PeerDistrusted(error) : error
  }
}
