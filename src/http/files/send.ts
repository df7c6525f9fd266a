import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../errors.ts'
import type { Log } from '../../lib/log.ts'
import type { Exchange } from '../route.ts'
import type { Slot } from './client-limits.ts'
import { ChangedWhileSent, readPiece, toFileStream } from './file-stream.ts'
import { changedFile, type OpenedFile } from './opened-file.ts'
import type { ByteRange } from './range.ts'

/** Up to here a part is read first and sent when the file was seen unchanged behind it. */
const READ_FIRST_BYTES = 4 * 2 ** 20

/** Silence of a client that waits for its bandwidth must not end its request from here on. */
const LONG_WAIT_MS = 5_000

export interface Sending {
  readonly exchange: Exchange
  readonly file: OpenedFile
  readonly part: ByteRange
  readonly slot: Slot
  /** A limit of bandwidth holds: the bytes have to pass through this program. */
  readonly paced: boolean
  readonly status: 200 | 206
  readonly headers: Record<string, string>
  readonly log: Log
}

/**
 * Answers with part of an open file; the slot is released, which closes the file, when the answer is over.
 *
 * Bun 1.4.5 drops the Content-Length of an answer whose body is a stream. There what is small is read first, and what
 * is large is left to the kernel (sendfile), as long as no limit of bandwidth holds; streams, without a length, are what
 * remains. What the kernel sends it also reads, inside the event loop: what is not in memory yet takes it as long as the
 * disk needs for what the connection has room for, some milliseconds each time. On Node all of it is streamed, with its
 * length.
 * @throws AppError conflict (the file changed while it was read), cancelled (the client has gone)
 */
export async function sendPart(sending: Sending): Promise<Response> {
  const { exchange, file, part, slot, paced, status, headers, log } = sending
  const { connection, request, requestId } = exchange
  const { signal } = request
  const bytes = part.end - part.start
  if (signal.aborted) throw gone()
  signal.addEventListener('abort', () => slot.release(), { once: true })
  const isOver = connection.isOver?.bind(connection)
  if (isOver !== undefined && bytes <= (paced ? slot.pieceBytes : READ_FIRST_BYTES)) {
    const body = await readFirst(sending, bytes)
    file.close()
    slot.releaseWhen(isOver)
    return new Response(body, { status, headers })
  }
  const told = { request_id: requestId }
  const response =
    paced || isOver === undefined ? undefined : connection.sendFile?.({ fd: file.fd, ...part }, { status, headers })
  if (response !== undefined && isOver !== undefined) {
    slot.onRelease(() => {
      if (!signal.aborted) void warnIfChanged(file, () => log.warn(told, 'A model file changed while it was sent'))
    })
    slot.releaseWhen(isOver)
    return response
  }
  connection.cutOnError?.()
  const onBreak = (error: unknown): void => log.warn({ ...told, err: error }, 'Sending a model file broke off')
  return new Response(toFileStream({ file, part, slot, onBreak }), {
    status,
    headers: { ...headers, 'content-length': String(bytes) },
  })
}

/** Too late to take back what has gone out: whoever fetched it finds that the digest does not fit. */
async function warnIfChanged(file: OpenedFile, warn: () => void): Promise<void> {
  if (!(await file.isUnchanged().catch(() => true))) warn()
}

async function readFirst({ exchange, file, part, slot }: Sending, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const waitMs = slot.reserve(bytes)
  if (waitMs > LONG_WAIT_MS) exchange.connection.keepOpen()
  if (waitMs > 0) await delay(waitMs, undefined, { signal: exchange.request.signal })
  try {
    return await readPiece(file, part.start, bytes)
  } catch (error) {
    if (exchange.request.signal.aborted) throw gone(error)
    throw error instanceof ChangedWhileSent ? changedFile(error) : error
  }
}

const gone = (cause?: unknown): AppError => new AppError('cancelled', 'The client has gone', { cause })
