import { AppError, isAppError } from '../errors.ts'

type Explanation = readonly [reason: string, hint: string]

const RETRY = 'Try again later'
const CHECK_SERVER = 'Check that the server is running and can be reached from this host'
const CHECK_NAME = "Check the spelling of the host and this host's name server"
const CHECK_CERTIFICATE = 'The server has to show a certificate of a known authority, for its own name'
const CHECK_PORT = 'Check the scheme and the port of the URL'

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  ENOTFOUND: ['its host name does not exist', CHECK_NAME],
  ENODATA: ['its host name has no address', CHECK_NAME],
  EAI_AGAIN: ['its host name could not be looked up', CHECK_NAME],
  ECONNREFUSED: ['the connection was refused', CHECK_SERVER],
  ECONNRESET: ['the connection was cut', RETRY],
  EPIPE: ['the connection was cut', RETRY],
  ECONNABORTED: ['the connection was cut', RETRY],
  ETIMEDOUT: ['the connection timed out', CHECK_SERVER],
  EHOSTUNREACH: ['the host cannot be reached', CHECK_SERVER],
  ENETUNREACH: ['its network cannot be reached', CHECK_SERVER],
  EADDRNOTAVAIL: ['its network cannot be reached', CHECK_SERVER],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is self-signed', CHECK_CERTIFICATE],
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate is signed by an unknown authority', CHECK_CERTIFICATE],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['its certificate is signed by an unknown authority', CHECK_CERTIFICATE],
  UNABLE_TO_GET_ISSUER_CERT: ['its certificate is signed by an unknown authority', CHECK_CERTIFICATE],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['its certificate is signed by an unknown authority', CHECK_CERTIFICATE],
  CERT_HAS_EXPIRED: ['its certificate has expired', CHECK_CERTIFICATE],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', "Check this host's clock"],
  CERT_REVOKED: ['its certificate was revoked', CHECK_CERTIFICATE],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another name', CHECK_CERTIFICATE],
  EPROTO: ['no TLS connection came about', CHECK_PORT],
  HPE_HEADER_OVERFLOW: ['its response headers are too large', 'Check that the URL is right'],
}

/** Codes that come in families. */
const FAMILIES: readonly (readonly [prefix: string, Explanation])[] = [
  ['HPE_', ['the answer is not valid HTTP', CHECK_PORT]],
  ['ERR_SSL_', ['no TLS connection came about', CHECK_PORT]],
  ['CERT_', ['its certificate is not valid', CHECK_CERTIFICATE]],
  ['Z_', ['its compressed body is damaged', RETRY]],
]

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''

/**
 * What the system, TLS or the HTTP parser reported, as upstream_unavailable in plain words; an AppError stays itself.
 * @param what the URL as messages show it
 */
export function toNetworkError(error: unknown, what: string): AppError {
  if (isAppError(error)) return error
  const code = codeOf(error)
  const [reason, hint] = EXPLANATIONS[code] ??
    FAMILIES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? ['the connection failed', RETRY]
  return new AppError('upstream_unavailable', `Cannot fetch ${what}: ${reason}`, { hint, cause: error })
}

/** Errors that node:http throws for what the caller passed, before anything is sent. */
export const isRequestError = (error: unknown): boolean =>
  ['ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN', 'ERR_UNESCAPED_CHARACTERS'].includes(codeOf(error))

/** Errors of the bytes themselves (HTTP framing, compression), as opposed to a connection that ended. */
export const isDamage = (error: unknown): boolean => /^(HPE|Z)_/.test(codeOf(error))

/** Codes of a host that is not there, to which no way leads, or that says nothing: asking again at once helps little. */
const UNREACHABLE: ReadonlySet<unknown> = new Set([
  'ENOTFOUND',
  'ENODATA',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** Whether no connection to the host came about, or no answer. */
export const isUnreachable = (error: AppError): boolean =>
  error.cause instanceof Error && 'code' in error.cause && UNREACHABLE.has(error.cause.code)
