import { AppError } from '../errors.ts'

/** A libSQL server, and what it lets us in by. */
export interface Primary {
  /** `http://` or `https://`, with no credential in it: whatever libSQL says of it may be shown. */
  readonly url: string
  readonly authToken: string | undefined
}

export type DbLocation =
  | { readonly kind: 'file'; readonly url: string }
  | { readonly kind: 'remote'; readonly primary: Primary }
  /** A file that is kept like the primary: read here, written there. */
  | { readonly kind: 'replica'; readonly url: string; readonly primary: Primary }

export interface LocationSettings {
  /** libSQL URL: `file:/path`, `http(s)://`, `libsql://`, `ws(s)://`. */
  readonly url: string
  readonly authToken?: string | undefined
  /** Primary of an embedded replica. */
  readonly syncUrl?: string | undefined
}

/**
 * Where the database is. A token that stands in a URL is taken out of it.
 * @throws AppError invalid_input, without a word of the URL: it may hold a token
 */
export function parseLocation({ url, authToken, syncUrl }: LocationSettings): DbLocation {
  const isFile = /^file:/i.test(url)
  if (syncUrl === undefined) {
    return isFile ? { kind: 'file', url } : { kind: 'remote', primary: parsePrimary('AIRKEEP_DB', url, authToken) }
  }
  if (!isFile) {
    throw new AppError('invalid_input', 'AIRKEEP_DB must be a file: URL where AIRKEEP_DB_SYNC_URL is set', {
      hint: 'A replica is a file; leave AIRKEEP_DB out for one in the data directory',
    })
  }
  return { kind: 'replica', url, primary: parsePrimary('AIRKEEP_DB_SYNC_URL', syncUrl, authToken) }
}

/** The path that a `file:` URL of libSQL names: `file:a.db`, `file:/a.db` and `file:///a.db`. */
export function pathOfFileUrl(url: string): string {
  const [rest = ''] = url.slice('file:'.length).split(/[?#]/)
  return decodeURIComponent(rest.replace(/^\/\/[^/]*/, ''))
}

function parsePrimary(setting: string, text: string, authToken: string | undefined): Primary {
  const refuse = (reason: string, hint: string): AppError =>
    new AppError('invalid_input', `${setting} ${reason}`, { hint })
  let url: URL
  try {
    url = new URL(text)
  } catch (_) {
    // The reason is left out: it holds the text.
    throw refuse('must be a URL', 'For example libsql://name.turso.io, http://127.0.0.1:8080 or file:/data/airkeep.db')
  }
  const { searchParams } = url
  const scheme = toHttp(url.protocol, searchParams.get('tls'))
  if (scheme === undefined) {
    throw refuse('must be a libSQL URL', 'Its scheme is one of file, libsql, http, https, ws and wss')
  }
  if (url.hostname === '') throw refuse('names no host', 'For example libsql://name.turso.io')
  if (url.username !== '' || url.password !== '') {
    throw refuse('must not hold a user name or password', 'The token of a database goes into AIRKEEP_DB_TOKEN')
  }
  const unknown = [...searchParams.keys()].some((key) => key !== 'tls' && key !== 'authToken')
  if (unknown || url.hash !== '') {
    throw refuse('must end with the path', 'The token of a database goes into AIRKEEP_DB_TOKEN')
  }
  const inUrl = searchParams.get('authToken') ?? undefined
  const path = url.pathname === '' ? '/' : url.pathname
  return { url: `${scheme}//${url.host}${path}`, authToken: authToken ?? inUrl }
}

/**
 * A WebSocket URL is asked over HTTP: libSQL servers answer both on one port, and over HTTP a request can be given up
 * after a time without closing the connection under the others.
 */
function toHttp(scheme: string, tls: string | null): 'http:' | 'https:' | undefined {
  if (scheme === 'libsql:') return tls === '0' ? 'http:' : 'https:'
  if (scheme === 'http:' || scheme === 'ws:') return 'http:'
  if (scheme === 'https:' || scheme === 'wss:') return 'https:'
  return undefined
}
