import { AppError } from '../errors.ts'
import type { Trace } from '../lib/log.ts'
import type { Guard } from './guard.ts'
import { firstHop, isRedirect, nextHop } from './hop.ts'
import type { GuardedResponse } from './response.ts'
import { describeUrl } from './target.ts'

export interface GuardedRequest {
  readonly url: string | URL
  /**
   * What the first request asks for, in place of the path and query of `url`, which the URL parser normalises
   * (`a/../b`): begins with `/`, percent-encoded ASCII. A redirect brings its own.
   */
  readonly rawPath?: string
  /** GET by default. */
  readonly method?: string
  /** `host`, `user-agent`, lengths and connection headers are set here and ignored where given. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
  /** `any`, or the only hosts that this request and its redirects may name: `host`, `host:port`, `*.domain`, address. */
  readonly hosts: 'any' | readonly string[]
  /**
   * Exempt from the private-address rule for this request, beside AIRKEEP_ALLOW_PRIVATE_NETWORK: origins that the owner
   * set up (a node, a ComfyUI), never what a caller sent.
   */
  readonly allowPrivate?: readonly string[]
  /** Largest body; reading past it is payload_too_large. No limit by default. */
  readonly maxBytes?: number
  /** Hands the body on as it came, even where `Content-Encoding` says that it is compressed. */
  readonly asStored?: boolean
  /** For the name lookup, and again for the connection: 10 s by default. */
  readonly connectTimeoutMs?: number
  /** From the connection to the last response header: 30 s by default. */
  readonly headersTimeoutMs?: number
  /** Longest silence while the body is read: 30 s by default. */
  readonly idleTimeoutMs?: number
  /** `manual` answers a redirect as it came. */
  readonly redirect?: 'follow' | 'manual'
  /** 5 by default. */
  readonly maxRedirects?: number
  /** Whose request it is, for the log. */
  readonly trace?: Trace
}

/**
 * Fetches over the guard. An answer of any status is a response; its body must be read or discarded.
 * @throws AppError forbidden (refused by the guard), invalid_input (no URL, no valid header), upstream_unavailable
 * (network, TLS, HTTP, time, redirects), cancelled
 */
export type GuardedFetch = (request: GuardedRequest) => Promise<GuardedResponse>

export interface GuardedFetchDeps {
  readonly guard: Guard
  /** Of this program, for the User-Agent. Civitai answers browser-like agents with pages instead of errors. */
  readonly version: string
  /** Certificate authorities (PEM) that count instead of the system's. */
  readonly ca?: string | readonly string[]
  /** Told of each piece of a body as it is handed on; the address is the one that was asked for. */
  readonly onReceived?: (asked: URL, bytes: number) => void
}

export function createGuardedFetch({ guard, version, ca, onReceived }: GuardedFetchDeps): GuardedFetch {
  const userAgent = `airkeep/${version}`
  return async (request) => {
    // Loaded with the first request: with them comes a large part of the runtime, and no start needs it.
    const [{ exchange }, { toResponse }] = await Promise.all([import('./exchange.ts'), import('./response.ts')])
    const { signal, connectTimeoutMs = 10_000, headersTimeoutMs = 30_000, idleTimeoutMs = 30_000 } = request
    const { hosts, allowPrivate, maxBytes, asStored, maxRedirects = 5, trace } = request
    const seen = new Set<string>()
    let hop = firstHop(request)
    const asked = hop.url
    const onBytes = (bytes: number): void => onReceived?.(asked, bytes)
    for (;;) {
      const what = describeUrl(hop.url)
      const route = await guard.admit(hop.url, { hosts, allowPrivate, timeoutMs: connectTimeoutMs, signal, trace })
      const { message, reason } = await exchange(route, hop, {
        userAgent,
        ca,
        connectTimeoutMs,
        headersTimeoutMs,
        signal,
      })
      const location = message.headers.location
      if (request.redirect === 'manual' || !isRedirect(message.statusCode ?? 0, location)) {
        const { method } = hop
        const { url } = route
        return toResponse(message, { url, method, what, maxBytes, asStored, idleTimeoutMs, reason, onBytes })
      }
      message.destroy()
      seen.add(`${hop.method} ${hop.url.href}`)
      hop = nextHop(hop, message.statusCode ?? 0, location)
      if (seen.has(`${hop.method} ${hop.url.href}`)) throw astray(what, 'its redirects go round in a circle')
      if (seen.size > maxRedirects) throw astray(what, `it redirects more than ${maxRedirects} times`)
    }
  }
}

const astray = (what: string, reason: string): AppError =>
  new AppError('upstream_unavailable', `Cannot fetch ${what}: ${reason}`, { hint: 'Check the URL in a browser' })
