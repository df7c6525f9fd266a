import { bucketsFor, hostsFor } from '../access/allowed-hosts.ts'
import { AppError } from '../errors.ts'
import { openFileSource } from '../media/byte-source.ts'
import { SNIFF_BYTES } from '../media/kind.ts'
import type { GuardedResponse } from '../net/response.ts'
import { describeUrl } from '../net/target.ts'
import { type Call, traceOf } from '../operation/operation.ts'
import type { MediaContent } from './asset-models.ts'
import { createHead, createKeeper } from './body-taps.ts'
import type { TrackDeps } from './deps.ts'

export interface ReadOptions {
  /** Field that names the source, for messages. */
  readonly field: string
  /** Sees the first bytes before the rest is read, and may refuse them by throwing. */
  readonly onHead?: ((head: Uint8Array) => Promise<void>) | undefined
  /** Keeps the bytes of a fetched file that is no larger; 0 keeps none. */
  readonly keepBytes?: number
}

export interface ReadMedia {
  readonly sha256sum: string
  readonly sizeBytes: number
  /** The file on disk, or the bytes where they were kept. */
  readonly content: MediaContent | undefined
}

export interface MediaReader {
  /**
   * Hashes what `source` names: a local path, `file://`, `http(s)://` or `s3://`. Streams; memory stays constant.
   * @throws AppError invalid_input (another scheme, no regular file, what `onHead` refuses), not_found, forbidden,
   * upstream_unavailable (also for a status of an http URL that is not 2xx), rate_limited, payload_too_large, conflict
   * (a file that changes), cancelled
   */
  read(source: string, call: Call, options: ReadOptions): Promise<ReadMedia>
}

/** As much as may be uploaded; ends what would never end. */
const MAX_BYTES = 64 * 2 ** 30
/** Bytes between two reports of progress. */
const REPORT_BYTES = 2 ** 20

const SCHEME = /^([a-z][a-z0-9+.-]*):/i

export function createMediaReader(
  deps: Pick<TrackDeps, 'localFiles' | 'hashPool' | 'fetch' | 'allowedHosts' | 's3' | 'allowedBuckets'>,
): MediaReader {
  async function readLocal(source: string, call: Call, { onHead }: ReadOptions): Promise<ReadMedia> {
    const { path, exact } = await deps.localFiles.find(source, call.actor)
    if (onHead !== undefined) await onHead(await readHead(path, exact))
    const { sha256, sizeBytes } = await deps.hashPool.hashFile(path, {
      exact,
      signal: call.signal,
      onProgress: (done, total) => call.progress({ done, total, unit: 'bytes', message: 'hashing' }),
    })
    return { sha256sum: sha256, sizeBytes, content: { path, exact } }
  }

  async function fetchUrl(source: string, call: Call): Promise<GuardedResponse> {
    const { signal, actor } = call
    const response = await deps.fetch({
      url: source,
      signal,
      trace: traceOf(call),
      hosts: hostsFor(actor, deps.allowedHosts),
      maxBytes: MAX_BYTES,
    })
    if (response.status >= 200 && response.status <= 299) return response
    response.discard()
    throw refused(source, response.status)
  }

  const fetchObject = (source: string, call: Call): Promise<GuardedResponse> =>
    deps.s3.get({
      url: source,
      buckets: bucketsFor(call.actor, deps.allowedBuckets),
      signal: call.signal,
      maxBytes: MAX_BYTES,
      trace: traceOf(call),
    })

  async function readResponse(response: GuardedResponse, call: Call, options: ReadOptions): Promise<ReadMedia> {
    const hasher = await openHasher(deps, call.signal, response)
    try {
      const keeper = createKeeper(options.keepBytes ?? 0)
      const head = createHead(options.onHead)
      const total = response.contentLength
      let done = 0
      let reported = 0
      for await (const chunk of response.body) {
        await head.take(chunk)
        keeper.take(chunk)
        await hasher.update(chunk)
        done += chunk.byteLength
        if (done - reported < REPORT_BYTES) continue
        reported = done
        call.progress({ done, ...(total === undefined ? {} : { total }), unit: 'bytes', message: 'fetching' })
      }
      await head.end()
      const { sha256, sizeBytes } = await hasher.digest()
      call.progress({ done: sizeBytes, total: sizeBytes, unit: 'bytes', message: 'fetched' })
      return { sha256sum: sha256, sizeBytes, content: keeper.content() }
    } finally {
      response.discard()
      hasher.dispose()
    }
  }

  return {
    async read(source, call, options) {
      const scheme = SCHEME.exec(source)?.[1]?.toLowerCase()
      if (scheme === undefined || scheme === 'file') return readLocal(source, call, options)
      if (scheme === 'http' || scheme === 'https') return readResponse(await fetchUrl(source, call), call, options)
      if (scheme === 's3') return readResponse(await fetchObject(source, call), call, options)
      const { field } = options
      const expected = `${field} must be a local path or a file://, http(s):// or s3:// URL`
      throw new AppError('invalid_input', expected, { errors: [{ path: field, expected }] })
    },
  }
}

/** A hasher that cannot be opened must not leave a connection open. */
async function openHasher(
  { hashPool }: Pick<TrackDeps, 'hashPool'>,
  signal: AbortSignal,
  response: { discard(): void },
) {
  try {
    return await hashPool.createStreamHasher({ signal })
  } catch (error) {
    response.discard()
    throw error
  }
}

const refused = (source: string, status: number): AppError =>
  new AppError('upstream_unavailable', `Cannot fetch ${describeUrl(new URL(source))}: it answered ${status}`, {
    hint: status === 404 || status === 410 ? 'Check that the address is right and still there' : 'Try again later',
  })

async function readHead(path: string, exact: boolean): Promise<Uint8Array> {
  const file = await openFileSource(path, { exact })
  try {
    return await file.read(0, SNIFF_BYTES)
  } finally {
    await file.close()
  }
}
