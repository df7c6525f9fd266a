import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { AppError } from '../errors.ts'
import { freeChunk } from '../lib/free-chunk.ts'
import { toCancelled } from './cancel.ts'
import { isRequestError, toNetworkError } from './failure.ts'
import { leadsTo, type Route } from './guard.ts'
import type { Hop } from './hop.ts'
import { describeUrl } from './target.ts'

export interface ExchangeOptions {
  readonly userAgent: string
  /** Certificate authorities (PEM) instead of the system's. */
  readonly ca?: string | readonly string[] | undefined
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** An answer whose headers have come. Its request stays bound to the signal until the message is closed. */
export interface Exchange {
  readonly message: IncomingMessage
  /** Why the body broke off, as far as it is known: a cancelled signal, or what the socket or the parser said. */
  reason(): unknown
}

/** Bytes of all response headers; signed URLs in `Location` alone take several KiB. */
const MAX_HEADER_BYTES = 64 * 1024
/** Milliseconds that one of several addresses gets before the next is tried. */
const NEXT_ADDRESS_MS = 500

/**
 * One request over one new connection to an address that the route holds: the name is never resolved again.
 * (Bun's own fetch takes no `lookup`, which is why this is node:http.)
 * @throws AppError upstream_unavailable, cancelled, invalid_input (a header that cannot be sent)
 */
export function exchange(route: Route, hop: Hop, options: ExchangeOptions): Promise<Exchange> {
  const what = describeUrl(route.url)
  const { signal } = options
  return new Promise((resolve, reject) => {
    const request = createRequest(route, hop, options, what)
    let message: IncomingMessage | undefined
    let reason: unknown
    let timer: ReturnType<typeof setTimeout> | undefined

    const release = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    }
    const fail = (error: unknown): void => {
      // A body that already lies in memory is still good, and the stream says by itself when it is cut short.
      reason ??= error
      if (message !== undefined) return
      release()
      request.destroy()
      reject(toNetworkError(reason, what))
    }
    const stop = (): void => {
      if (signal !== undefined) fail(toCancelled(signal, what))
      message?.destroy()
    }
    const within = (ms: number, missing: string): void => {
      clearTimeout(timer)
      const text = `Cannot fetch ${what}: ${missing} within ${ms / 1000} s`
      timer = setTimeout(() => fail(new AppError('upstream_unavailable', text, { cause: silence() })), ms)
    }

    request.maxHeadersCount = 0 // else headers past the 2000th vanish without a word
    request.on('error', fail)
    request.on('socket', (socket) => {
      const awaitHeaders = (): void => within(options.headersTimeoutMs, 'the response headers did not come')
      // First in line for `connect`, so that a socket gone astray is closed before a header is written to it.
      socket.once('connect', () => {
        if (!leadsTo(route, socket.remoteAddress ?? '')) fail(new AppError('forbidden', astray(what)))
        else if (route.secure) socket.once('secureConnect', awaitHeaders)
        else awaitHeaders()
      })
    })
    // An answer 101 that nobody asked for; without a listener the promise would stay open.
    request.on('upgrade', () => fail({ code: 'HPE_UPGRADE' }))
    request.on('response', (answer) => {
      clearTimeout(timer)
      message = answer
      answer.once('close', release)
      // Bun's parser copies the body, so that nobody needs what the socket read when its turn is over.
      if (typeof Bun !== 'undefined') answer.socket.on('data', freeChunk)
      resolve({ message: answer, reason: () => reason })
    })
    within(options.connectTimeoutMs, 'no connection came about')
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
    else request.end(hop.body)
  })
}

/** As the system would say it. */
const silence = (): Error => Object.assign(new Error('No answer in time'), { code: 'ETIMEDOUT' })

const astray = (what: string): string =>
  `Refused to fetch ${what}: the connection went to an address that was not checked`

function createRequest(route: Route, hop: Hop, options: ExchangeOptions, what: string): ClientRequest {
  const { hostname, port, url, secure, addresses } = route
  const [first] = addresses
  const lookup: LookupFunction = (_hostname, { all }, callback) => {
    if (all) callback(null, [...addresses])
    else if (first !== undefined) callback(null, first.address, first.family)
  }
  const settings = {
    // One connection for each request: none is ever reused for a route that was not checked.
    agent: false,
    method: hop.method,
    host: hostname,
    port,
    path: hop.rawPath ?? url.pathname + url.search,
    headers: { host: url.host, 'user-agent': options.userAgent, ...hop.headers, ...lengthOf(hop) },
    maxHeaderSize: MAX_HEADER_BYTES,
    lookup,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
  }
  try {
    if (!secure) return httpRequest(settings)
    return httpsRequest({
      ...settings,
      servername: isIP(hostname) === 0 ? hostname : '',
      // Said outright, or NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would turn it off.
      rejectUnauthorized: true,
      ...(options.ca === undefined ? {} : { ca: [options.ca].flat() }),
    })
  } catch (error) {
    if (!isRequestError(error)) throw error
    throw new AppError('invalid_input', `Cannot fetch ${what}: a header holds characters that HTTP does not allow`, {
      hint: 'Check tokens and header values for line breaks and letters outside ASCII',
    })
  }
}

function lengthOf({ method, body }: Hop): Record<string, string> {
  if (body !== undefined) return { 'content-length': String(body.byteLength) }
  return method === 'GET' || method === 'HEAD' ? {} : { 'content-length': '0' }
}
