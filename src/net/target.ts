import { isIP } from 'node:net'
import { AppError } from '../errors.ts'
import { isBadPort } from './ports.ts'

/** A URL that passed every check for which no name need be resolved. */
export interface Target {
  readonly url: URL
  /** Lower case, punycode, no trailing dot; an IPv6 address without its brackets. */
  readonly hostname: string
  readonly port: number
  readonly secure: boolean
}

const LONGEST_PATH_SHOWN = 200

/** A URL as messages may show it: no query, fragment or user, which may hold tokens; other schemes by name alone. */
export function describeUrl(url: URL): string {
  if (!isHttp(url)) return `a ${url.protocol} URL`
  const path = url.pathname.length > LONGEST_PATH_SHOWN ? `${url.pathname.slice(0, LONGEST_PATH_SHOWN)}…` : url.pathname
  return `${url.protocol}//${url.host}${path}`
}

const isHttp = (url: URL): boolean => url.protocol === 'http:' || url.protocol === 'https:'

/** Any URL, or undefined for what is none. (URL.parse is missing from Node 20 before its last releases.) */
export const readUrl = (text: string, base?: string): URL | undefined =>
  URL.canParse(text, base) ? new URL(text, base) : undefined

/**
 * The WHATWG parser turns every odd spelling of an IPv4 host (decimal, octal, short, full-width, percent-encoded) into
 * the one that is checked later.
 * @throws AppError invalid_input for what is no URL
 */
export function parseUrl(input: string | URL): URL {
  const url = readUrl(String(input))
  if (url === undefined) {
    throw new AppError('invalid_input', 'Cannot read the URL', { hint: 'Write it in full, as https://host/path' })
  }
  return url
}

/**
 * Scheme, user, host and port.
 * @throws AppError forbidden, or invalid_input for a host that no name can be
 */
export function checkTarget(input: URL): Target {
  const refuse = (reason: string, hint: string): AppError =>
    new AppError('forbidden', `Refused to fetch ${describeUrl(input)}: ${reason}`, { hint })
  if (!isHttp(input)) throw refuse('only http and https are fetched', 'Give an http or https URL')
  if (input.username !== '' || input.password !== '') {
    throw refuse('it holds a user name or password', 'Leave out the part before the @: it would end up in logs')
  }
  const url = withoutTrailingDot(input)
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(hostname) === 0 && !isHostName(hostname)) {
    throw new AppError('invalid_input', 'Cannot fetch the URL: its host is not a valid name', {
      hint: 'Check the host for empty or overlong parts',
    })
  }
  const secure = url.protocol === 'https:'
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port)
  if (isBadPort(port)) throw refuse(`port ${port} belongs to another protocol`, 'Serve it on another port')
  return { url, hostname, port, secure }
}

/** `host.` and `host` are one server: written one way, rules and certificates match both. */
function withoutTrailingDot(input: URL): URL {
  if (!input.hostname.endsWith('.') || input.hostname === '.') return input
  const url = new URL(input)
  url.hostname = input.hostname.slice(0, -1)
  return url
}

export const isHostName = (name: string): boolean =>
  name.length <= 253 && name.split('.').every((label) => label.length > 0 && label.length <= 63)
