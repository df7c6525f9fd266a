import { openFile } from '../media/byte-source.ts'
import { SNIFF_BYTES } from '../media/kind.ts'
import type { GuardedResponse } from '../net/response.ts'
import { type Call, traceOf } from '../operation/operation.ts'
import type { TrackDeps } from './deps.ts'
import { createHead } from './media-head.ts'
import { createMediaKeeper, type MediaKeeper } from './media-keeper.ts'
import type { MediaContent } from './media-record.ts'
import { createRemoteOpener, isLocal, type RemoteDeps } from './remote-media.ts'

export interface ReadOptions {
  /** Field that names the source, for messages. */
  readonly field: string
  /** Sees the first bytes before the rest is read, and may refuse them by throwing. */
  readonly onHead?: ((head: Uint8Array) => Promise<void>) | undefined
  /**
   * Sees the whole file once it is hashed, for as long as it takes: the one on disk, or what was kept of a fetched one.
   * Not called where nothing could be kept.
   */
  readonly onContent?: ((content: MediaContent) => Promise<void>) | undefined
}

export interface ReadMedia {
  readonly sha256sum: string
  readonly sizeBytes: number
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

/** A fetched file up to this size is held in memory for `onContent`. */
const MAX_HELD_BYTES = 16 * 2 ** 20
/** A larger one goes through the disk, up to this size. */
const MAX_KEPT_BYTES = 4 * 2 ** 30
/** Bytes between two reports of progress. */
const REPORT_BYTES = 2 ** 20

export type MediaDeps = RemoteDeps & Pick<TrackDeps, 'localFiles' | 'hashPool' | 'tempDir' | 'log'>

export function createMediaReader(deps: MediaDeps): MediaReader {
  const openRemote = createRemoteOpener(deps)

  async function readLocal(source: string, call: Call, { onHead, onContent }: ReadOptions): Promise<ReadMedia> {
    const { path, exact } = await deps.localFiles.find(source, call.actor)
    if (onHead !== undefined) await onHead(await readHead(path, exact))
    const { sha256, sizeBytes } = await deps.hashPool.hashFile(path, {
      exact,
      signal: call.signal,
      onProgress: (done, total) => call.progress({ done, total, unit: 'bytes', message: 'hashing' }),
    })
    await onContent?.({ path, exact })
    return { sha256sum: sha256, sizeBytes }
  }

  const createKeeper = (call: Call, expectedBytes: number | undefined): MediaKeeper =>
    createMediaKeeper({
      tempDir: deps.tempDir,
      heldBytes: MAX_HELD_BYTES,
      maxBytes: MAX_KEPT_BYTES,
      expectedBytes,
      onFault: (error) =>
        deps.log.warn({ ...traceOf(call), err: error }, 'could not keep media to read their metadata'),
    })

  async function readResponse(response: GuardedResponse, call: Call, options: ReadOptions): Promise<ReadMedia> {
    const hasher = await openHasher(deps, call.signal, response)
    const total = response.contentLength
    const keeper = options.onContent === undefined ? undefined : createKeeper(call, total)
    try {
      const head = createHead(options.onHead)
      let done = 0
      let reported = 0
      for await (const chunk of response.body) {
        await head.take(chunk)
        await keeper?.take(chunk)
        await hasher.update(chunk)
        done += chunk.byteLength
        if (done - reported < REPORT_BYTES) continue
        reported = done
        call.progress({ done, ...(total === undefined ? {} : { total }), unit: 'bytes', message: 'fetching' })
      }
      await head.end()
      const { sha256, sizeBytes } = await hasher.digest()
      call.progress({ done: sizeBytes, total: sizeBytes, unit: 'bytes', message: 'fetched' })
      const content = await keeper?.finish()
      if (content !== undefined) await options.onContent?.(content)
      return { sha256sum: sha256, sizeBytes }
    } finally {
      response.discard()
      hasher.dispose()
      await keeper?.discard()
    }
  }

  return {
    async read(source, call, options) {
      if (isLocal(source)) return readLocal(source, call, options)
      return readResponse(await openRemote(source, call, options.field), call, options)
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

async function readHead(path: string, exact: boolean): Promise<Uint8Array> {
  const file = await openFile(path, { exact })
  try {
    return await file.readAt(0, SNIFF_BYTES)
  } finally {
    await file.close()
  }
}
