import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
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

export interface FileServer {
  readonly url: string
  readonly host: string
  readonly requests: readonly FileRequest[]
  /** Bytes of bodies that went out. */
  sentBytes(): number
  /** How many of the bytes from `begin` to `end` went out. */
  sentOf(begin: number, end: number): number
  /** Resolves when an answer has fallen silent. */
  stalled(): Promise<void>
  /** Answers under way, and the most of them at one moment. */
  atOnce(): number
  mostAtOnce(): number
  /** Resolves when so many requests have come. */
  asked(requests: number): Promise<void>
  close(): Promise<void>
}

export type FileBytes = Pick<Uint8Array, 'length' | 'subarray'>

const SLICE = 64 * 1024

/** A storage that serves one file, ranges included, and misbehaves as it is told for each request. */
export async function startFileServer(
  file: FileBytes,
  conduct: (request: FileRequest) => Conduct | undefined = () => undefined,
  port = 0,
): Promise<FileServer> {
  const requests: FileRequest[] = []
  const sent: [begin: number, end: number][] = []
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  let atOnce = 0
  let most = 0
  let onStall: () => void = () => {}
  const stalled = new Promise<void>((resolve) => {
    onStall = resolve
  })

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(message.headers.range ?? '') ?? []
    const begin = first === undefined ? undefined : Number(first)
    const end = last === undefined || last === '' ? undefined : Number(last) + 1
    const request = { index: requests.length, path: message.url ?? '', headers: message.headers, begin, end }
    requests.push(request)
    for (const { count, resolve } of waiting) if (requests.length >= count) resolve()
    const how = conduct(request) ?? {}
    const bytes = how.file ?? file
    if (how.status !== undefined) {
      response.writeHead(how.status, clean({ ...how.headers }))
      response.end(how.body ?? '')
      return
    }
    const ranged = begin !== undefined && how.ignoreRange !== true
    const from = ranged ? begin : 0
    if (ranged && from >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` })
      response.end()
      return
    }
    const to = ranged ? Math.min(end ?? bytes.length, bytes.length) : bytes.length
    const packed = how.gzip ? gzipSync(bytes.subarray(from, to) as Uint8Array) : undefined
    const headers = {
      etag: '"one"',
      'content-type': 'application/octet-stream',
      ...(ranged ? { 'content-range': `bytes ${from}-${to - 1}/${bytes.length}` } : {}),
      ...(how.chunked ? {} : { 'content-length': String(packed?.length ?? to - from) }),
      ...(packed === undefined ? {} : { 'content-encoding': 'gzip' }),
      ...how.headers,
    }
    response.writeHead(ranged ? 206 : 200, clean(headers))
    response.flushHeaders()
    await how.until
    if (packed !== undefined) {
      response.end(packed)
      return
    }
    await send(response, { bytes, from, to, how })
  }

  interface Sending {
    readonly bytes: FileBytes
    readonly from: number
    readonly to: number
    readonly how: Conduct
  }

  async function send(response: ServerResponse, { bytes, from, to, how }: Sending): Promise<void> {
    const limit = Math.min(to, from + (how.cutAfter ?? how.stallAfter ?? how.endAfter ?? Number.POSITIVE_INFINITY))
    const slice = Math.min(SLICE, Math.ceil((how.bytesPerSecond ?? Number.POSITIVE_INFINITY) / 50))
    const began = performance.now()
    for (let at = from; at < limit && !response.destroyed; ) {
      const stop = Math.min(limit, at + slice)
      const room = response.write(bytes.subarray(at, stop) as Uint8Array)
      sent.push([at, stop])
      at = stop
      if (!room && !response.destroyed) await drained(response)
      const due = how.bytesPerSecond === undefined ? 0 : ((at - from) / how.bytesPerSecond) * 1_000
      const early = due - (performance.now() - began)
      if (early > 0) await pause(early)
    }
    if (how.stallAfter !== undefined) onStall()
    else if (how.cutAfter !== undefined) setImmediate(() => response.destroy())
    else response.end(how.extra === undefined ? undefined : Buffer.alloc(how.extra, 7))
  }

  const server = createServer((message, response) => {
    atOnce += 1
    most = Math.max(most, atOnce)
    response.once('close', () => {
      atOnce -= 1
    })
    response.on('error', () => {})
    void answer(message, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: `http://${host}/store/model.safetensors`,
    host,
    requests,
    sentBytes: () => sent.reduce((sum, [begin, end]) => sum + end - begin, 0),
    sentOf: (begin, end) =>
      sent.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(to, end) - Math.max(from, begin)), 0),
    stalled: () => stalled,
    atOnce: () => atOnce,
    mostAtOnce: () => most,
    asked: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
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
