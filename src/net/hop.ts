import { AppError } from '../errors.ts'
import { describeUrl, parseUrl, readUrl } from './target.ts'

/** One request of a chain of redirects. Header names are lower case. */
export interface Hop {
  readonly url: URL
  /** Asked for in place of the path and query of `url`. */
  readonly rawPath?: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

/** Set here from the URL and the body, or not the caller's to choose. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'content-length', 'transfer-encoding', 'user-agent', 'upgrade', 'expect', 'te', 'trailer'],
  ...['keep-alive', 'proxy-authorization', 'proxy-connection'],
])

/** What another origin may see; any other header may be a secret, whatever it is called. */
const HARMLESS_HEADERS: ReadonlySet<string> = new Set([
  ...['accept', 'accept-encoding', 'accept-language', 'cache-control', 'content-type', 'pragma', 'range', 'if-range'],
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'],
])

const BODY_HEADERS: ReadonlySet<string> = new Set(['content-type', 'content-encoding', 'content-language'])

export interface FirstRequest {
  readonly url: string | URL
  readonly rawPath?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** @throws AppError invalid_input for what is no URL or no method of ours */
export function firstHop(request: FirstRequest): Hop {
  const method = (request.method ?? 'GET').toUpperCase()
  if (!METHODS.has(method)) throw new AppError('invalid_input', 'Cannot fetch the URL: its method is not supported')
  const headers: Record<string, string> = { accept: '*/*', 'accept-encoding': 'identity' }
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    const lower = name.toLowerCase()
    if (!OWN_HEADERS.has(lower)) headers[lower] = value
  }
  const body = typeof request.body === 'string' ? new TextEncoder().encode(request.body) : request.body
  const { rawPath } = request
  return { url: parseUrl(request.url), ...(rawPath === undefined ? {} : { rawPath }), method, headers, body }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export const isRedirect = (status: number, location: string | undefined): location is string =>
  REDIRECTS.has(status) && location !== undefined

/**
 * The request that a redirect asks for (https://fetch.spec.whatwg.org/#http-redirect-fetch): 303, and 301 and 302
 * after a POST, turn into a GET; another origin gets harmless headers only, and they do not come back later.
 * @throws AppError forbidden for another scheme or a way back from https to http; upstream_unavailable for no URL
 */
export function nextHop(hop: Hop, status: number, location: string): Hop {
  // Header bytes arrive as Latin-1; servers send UTF-8.
  const url = readUrl(Buffer.from(location, 'latin1').toString('utf8'), hop.url.href)
  const from = describeUrl(hop.url)
  if (url === undefined) {
    throw new AppError('upstream_unavailable', `Cannot fetch ${from}: it redirects to something that is not a URL`)
  }
  const refuse = (reason: string, hint: string): AppError =>
    new AppError('forbidden', `Refused to follow a redirect of ${from}: ${reason}`, { hint })
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refuse(`it leads to ${describeUrl(url)}`, 'Only http and https are fetched')
  }
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw refuse(`it leads from https to ${describeUrl(url)}`, 'What began with https is not carried on without it')
  }
  const asGet = status === 303 ? hop.method !== 'HEAD' : hop.method === 'POST' && status < 303
  const leaves = url.origin !== hop.url.origin
  const kept = ([name]: [string, string]): boolean =>
    !(leaves && !HARMLESS_HEADERS.has(name)) && !(asGet && BODY_HEADERS.has(name))
  return {
    url,
    method: asGet ? 'GET' : hop.method,
    headers: Object.fromEntries(Object.entries(hop.headers).filter(kept)),
    body: asGet ? undefined : hop.body,
  }
}
