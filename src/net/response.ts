import type { IncomingMessage } from 'node:http'
import { AppError } from '../errors.ts'
import { readBody } from './body.ts'
import { contentCoding, decoded } from './decode.ts'
import { isTooDeep } from './json-depth.ts'

export interface GuardedResponse {
  readonly status: number
  /** Without `content-length` and `content-encoding` where the body was compressed and is handed on unpacked. */
  readonly headers: Headers
  /** The last URL, query included: it may hold a signature and is not for logs. */
  readonly url: string
  /** Bytes of the body, where the server said so and sends it as it is. */
  readonly contentLength?: number
  /** May be walked through once; leaving the loop closes the connection. */
  readonly body: AsyncIterable<Uint8Array>
  /** The whole body; 32 MiB at most unless `limit` or the request's `maxBytes` says otherwise. */
  bytes(limit?: number): Promise<Uint8Array>
  text(limit?: number): Promise<string>
  /** @throws AppError upstream_unavailable for what is not JSON */
  json(limit?: number): Promise<unknown>
  /** Closes the connection without reading on. */
  discard(): void
}

export interface ResponseOptions {
  readonly url: URL
  readonly method: string
  readonly what: string
  readonly maxBytes: number | undefined
  /** Leave a compressed body as it is. */
  readonly asStored?: boolean | undefined
  readonly idleTimeoutMs: number
  /** Told of each piece of the body. */
  readonly onBytes?: ((bytes: number) => void) | undefined
  readonly reason: () => unknown
}

const DEFAULT_LIMIT_BYTES = 32 * 1024 * 1024

export function toResponse(message: IncomingMessage, options: ResponseOptions): GuardedResponse {
  const { what } = options
  const status = message.statusCode ?? 0
  const bodiless = options.method === 'HEAD' || status === 204 || status === 304
  const coding = bodiless || options.asStored === true ? undefined : contentCoding(message)
  const source = coding === undefined ? message : decoded(message, coding, what)
  const headers = toHeaders(message, coding === undefined ? [] : ['content-length', 'content-encoding'])
  const contentLength = toLength(headers.get('content-length'))
  const discard = (): void => {
    source.destroy()
    message.destroy()
  }
  // Nothing will come: read to the end at once, so that the connection closes whether or not anyone asks.
  if (bodiless) message.resume()

  let taken = false
  const read = (limit: number | undefined): AsyncGenerator<Uint8Array, void, undefined> => {
    if (taken) throw new TypeError('The body of a response can be read only once')
    taken = true
    const maxBytes = Math.min(limit ?? Number.POSITIVE_INFINITY, options.maxBytes ?? Number.POSITIVE_INFINITY)
    return readBody(source, { ...options, maxBytes, contentLength: bodiless ? 0 : contentLength, close: discard })
  }
  const bytes = async (limit?: number): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = []
    for await (const chunk of read(limit ?? options.maxBytes ?? DEFAULT_LIMIT_BYTES)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const text = async (limit?: number): Promise<string> => new TextDecoder().decode(await bytes(limit))

  return {
    status,
    headers,
    url: options.url.href,
    ...(contentLength === undefined ? {} : { contentLength }),
    body: { [Symbol.asyncIterator]: () => read(undefined) },
    bytes,
    text,
    async json(limit) {
      const content = await text(limit)
      try {
        const value: unknown = JSON.parse(content)
        if (!isTooDeep(value)) return value
      } catch {
        const [type] = /^[\w.+/-]{1,100}/.exec(headers.get('content-type') ?? '') ?? ['something else']
        // The parser's own message quotes the text.
        throw new AppError('upstream_unavailable', `Cannot use the answer of ${what}: it is ${type}, not valid JSON`)
      }
      throw new AppError('upstream_unavailable', `Cannot use the answer of ${what}: it is nested too deeply`)
    },
    discard,
  }
}

function toHeaders(message: IncomingMessage, leftOut: readonly string[]): Headers {
  const headers = new Headers()
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const name = (message.rawHeaders[index] ?? '').toLowerCase()
    if (!leftOut.includes(name)) headers.append(name, message.rawHeaders[index + 1] ?? '')
  }
  return headers
}

const toLength = (text: string | null): number | undefined =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined
