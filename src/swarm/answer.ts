import { AppError } from '../errors.ts'
import { isJsonObject } from '../lib/json.ts'
import { quoteOf } from '../net/redact.ts'

export interface SwarmHost {
  /** Origin and path prefix, no trailing slash. */
  readonly url: string
  /** Host and port, as the network guard's lists name them: nothing that it says leads anywhere else. */
  readonly origin: string
  /** Say who asks; sent with every request. */
  readonly headers: Readonly<Record<string, string>>
}

/** An answer of whatever status. */
export interface Answer {
  readonly status: number
  readonly json: unknown
  /** SwarmUI's word for what went wrong; `error` where it says only that something did. */
  readonly errorId: string | undefined
}

/** What is no JSON says no more than the status does. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function answered(status: number, json: unknown): Answer {
  const id = isJsonObject(json) ? (json.error_id ?? (json.error === undefined ? undefined : 'error')) : undefined
  return { status, json, errorId: typeof id === 'string' ? id : undefined }
}

/** Older ones know fewer subtypes. */
export const isUnknownSubtype = ({ json, errorId }: Answer): boolean =>
  errorId === 'invalid_subtype' || (isJsonObject(json) && json.error === 'Invalid sub-type.')

/** SwarmUI's own are words with underscores. */
const LONGEST_ID = 60

const UNKNOWN_CALLERS = new Set(['invalid_user', 'bad_permissions', 'invalid_session_id'])

/** Undefined for an answer that is no refusal. */
export function refusalIn(host: SwarmHost, { status, errorId }: Answer): AppError | undefined {
  if (status === 401 || status === 403 || UNKNOWN_CALLERS.has(errorId ?? '')) {
    return new AppError(
      'forbidden',
      `Cannot ask ${host.origin}: it refuses the token (${quoteOf(errorId, LONGEST_ID) ?? `HTTP ${status}`})`,
    )
  }
  if (status === 429) return new AppError('rate_limited', `Cannot ask ${host.origin}: it asks to slow down (HTTP 429)`)
  if (status !== 200) return failed(host, `it answers HTTP ${status}`)
  return errorId === undefined ? undefined : failed(host, 'it answers an error')
}

export const failed = ({ origin }: SwarmHost, reason: string): AppError =>
  new AppError('upstream_unavailable', `Cannot ask ${origin}: ${reason}`)
