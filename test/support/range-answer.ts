import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'

export interface FileRequest {
  /** 0 for the first to this server. */
  readonly index: number
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** Undefined for a request without a range. */
  readonly begin: number | undefined
  readonly end: number | undefined
}

/** How a request is answered; everything left out is as it should be. */
export interface Conduct {
  /** Another file, from this request on or for this request alone. */
  readonly file?: Uint8Array
  /** Instead of the file, with `body` and `headers`. */
  readonly status?: number
  readonly body?: string
  /** Added, or with undefined taken away. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly ignoreRange?: boolean
  /** Begins so many bytes further on than was asked for, and says so. */
  readonly shiftRange?: number
  /** The lowest bit of the byte at this place of the file is the other way; the size is right. */
  readonly flipAt?: number
  /** No Content-Length: the end of the body is that of the answer. */
  readonly chunked?: boolean
  readonly gzip?: boolean
  /** So many bytes of the body, then a reset. */
  readonly cutAfter?: number
  /** So many bytes of the body, then a regular end; only with `chunked`. */
  readonly endAfter?: number
  /** So many bytes of the body, then nothing more. */
  readonly stallAfter?: number
  /** Bytes behind the end of the body; only with `chunked`. */
  readonly extra?: number
  /** Of this connection. */
  readonly bytesPerSecond?: number
  /** The body waits for it. */
  readonly until?: Promise<unknown>
}

export type FileBytes = Pick<Uint8Array, 'length' | 'subarray'>

export interface RangeAnswer {
  readonly file: FileBytes
  readonly how: Conduct
  /** What this server says besides; `how.headers` take precedence. */
  readonly headers?: Readonly<Record<string, string>>
  /** Told of each piece that goes out. */
  readonly onSent?: (begin: number, end: number) => void
  /** Told when the answer falls silent. */
  readonly onStall?: () => void
}

const SLICE = 64 * 1024

/** What a request asks for; suffix ranges are none that anybody here sends. */
export function readRange(message: IncomingMessage): Pick<FileRequest, 'begin' | 'end'> {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(message.headers.range ?? '') ?? []
  return {
    begin: first === undefined ? undefined : Number(first),
    end: last === undefined || last === '' ? undefined : Number(last) + 1,
  }
}

/** Answers as any storage does, or misbehaves as it is told: 200, 206 or 416, then the bytes. */
export async function answerRange(
  message: IncomingMessage,
  response: ServerResponse,
  { file, how, headers: own, onSent, onStall }: RangeAnswer,
): Promise<void> {
  if (how.status !== undefined) {
    response.writeHead(how.status, clean({ ...how.headers })).end(how.body ?? '')
    return
  }
  const bytes = flipped(how.file ?? file, how.flipAt)
  const { begin, end } = readRange(message)
  const ranged = begin !== undefined && how.ignoreRange !== true
  const shift = how.shiftRange ?? 0
  const from = ranged ? begin + shift : 0
  if (ranged && from >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    return
  }
  const to = ranged ? Math.min(end === undefined ? bytes.length : end + shift, bytes.length) : bytes.length
  const packed = how.gzip ? gzipSync(bytes.subarray(from, to) as Uint8Array) : undefined
  const headers = {
    'content-type': 'application/octet-stream',
    ...own,
    ...(ranged ? { 'content-range': `bytes ${from}-${to - 1}/${bytes.length}` } : {}),
    ...(how.chunked ? {} : { 'content-length': String(packed?.length ?? to - from) }),
    ...(packed === undefined ? {} : { 'content-encoding': 'gzip' }),
    ...how.headers,
  }
  response.writeHead(ranged ? 206 : 200, clean(headers))
  response.flushHeaders()
  if (message.method === 'HEAD') {
    response.end()
    return
  }
  await how.until
  if (packed === undefined) await send(response, { bytes, from, to, how, onSent, onStall })
  else response.end(packed)
}

interface Sending extends Pick<RangeAnswer, 'how'> {
  readonly bytes: FileBytes
  readonly from: number
  readonly to: number
  readonly onSent: RangeAnswer['onSent'] | undefined
  readonly onStall: RangeAnswer['onStall'] | undefined
}

async function send(response: ServerResponse, { bytes, from, to, how, onSent, onStall }: Sending): Promise<void> {
  const limit = Math.min(to, from + (how.cutAfter ?? how.stallAfter ?? how.endAfter ?? Number.POSITIVE_INFINITY))
  const slice = Math.min(SLICE, Math.ceil((how.bytesPerSecond ?? Number.POSITIVE_INFINITY) / 50))
  const began = performance.now()
  for (let at = from; at < limit && !response.destroyed; ) {
    const stop = Math.min(limit, at + slice)
    const room = response.write(bytes.subarray(at, stop) as Uint8Array)
    onSent?.(at, stop)
    at = stop
    if (!room && !response.destroyed) await drained(response)
    const due = how.bytesPerSecond === undefined ? 0 : ((at - from) / how.bytesPerSecond) * 1_000
    const early = due - (performance.now() - began)
    if (early > 0) await pause(early)
  }
  if (how.stallAfter !== undefined) onStall?.()
  else if (how.cutAfter !== undefined) setImmediate(() => response.destroy())
  else response.end(how.extra === undefined ? undefined : Buffer.alloc(how.extra, 7))
}

function flipped(file: FileBytes, at: number | undefined): FileBytes {
  if (at === undefined) return file
  const bytes = Buffer.from(file.subarray(0, file.length) as Uint8Array)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

/** Resolves when there is room again, or the connection is gone. */
const drained = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      response.off('drain', go)
      response.off('close', go)
      resolve()
    }
    response.on('drain', go)
    response.on('close', go)
  })

const clean = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined))
