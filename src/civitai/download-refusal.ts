import { AppError } from '../errors.ts'
import { SourceRefused } from '../net/file-source.ts'
import { isHtml, readError, retryAfter } from './answer.ts'

/** An answer of the download route that leads to no file. */
export interface DownloadAnswer {
  readonly status: number
  /** The beginning of its body. */
  readonly text: string
  readonly contentType: string
  readonly retryAfter: string | null
  /** Whether a key was sent along. */
  readonly hasToken: boolean
  /** `version 910201 from civitai.com`, for messages. */
  readonly what: string
}

/** The limiter of downloads counts by the hour and does not say when it ends. */
const LIMIT_SECONDS = 15 * 60

const KEY_HINT = 'Set CIVITAI_TOKEN, or store a key of Civitai with set_upstream_key'

/**
 * What an answer means, told apart by its text where Civitai gives different things the same status. 404 is not among
 * them: the file may be had in another way.
 */
export function toDownloadError(answer: DownloadAnswer): AppError {
  const { status, text, contentType, what, hasToken } = answer
  const { error, message, deadline } = readError(text)
  const said = `${error ?? ''} ${message ?? ''}`
  const isPage = isHtml(text) || /html/i.test(contentType)
  const failed = (reason: string): string => `Cannot download ${what}: ${reason}`
  switch (status) {
    case 200:
      return isPage ? loginNeeded(what, hasToken) : unavailable(failed('it answered with something that is no file'))
    case 400:
      return new AppError('not_found', failed('it does not take these numbers (400)'), {
        hint: 'Check the number of the version and of the file',
      })
    case 401:
      return /disabled/i.test(said)
        ? disabled(failed('its creator has disabled downloads'))
        : loginNeeded(what, hasToken)
    case 403:
      if (/early access/i.test(said) || (isPage && /early access/i.test(text))) return earlyAccess(what, deadline)
      if (isPage)
        return isLoginPage(text) ? loginNeeded(what, hasToken) : unavailable(failed('it refuses this host (403)'))
      if (/do not have access/i.test(said)) return noAccess(what, hasToken)
      return new AppError('forbidden', failed('it refuses this account or address (403)'), {
        hint: 'Civitai has blocked it; use another key or network',
      })
    case 410:
      return new SourceRefused('archived', failed('the model was archived'), {
        hint: 'Look for the same file elsewhere by its digest',
      })
    case 429:
      return new AppError('rate_limited', failed('too much was downloaded from it (429)'), {
        hint: 'Wait, or download from another source',
        retryAfterSeconds: retryAfter(answer.retryAfter) ?? LIMIT_SECONDS,
      })
    case 451:
      return new SourceRefused('region', failed('it is blocked in the region of this host (451)'), {
        hint: 'Set AIRKEEP_CIVITAI_URL to a host that serves this region',
      })
    default:
      return unavailable(failed(`it answered ${status}`), retryAfter(answer.retryAfter))
  }
}

export function loginNeeded(what: string, hasToken: boolean): SourceRefused {
  if (!hasToken) return new SourceRefused('login', `Cannot download ${what}: a login is needed`, { hint: KEY_HINT })
  return new SourceRefused('login', `Cannot download ${what}: a login is needed, and the key was not taken`, {
    hint: 'Make a new API key in the account settings of Civitai and store it',
  })
}

export function earlyAccess(what: string, deadline?: string): SourceRefused {
  const until = deadline === undefined ? Number.NaN : Date.parse(deadline)
  const isKnown = !Number.isNaN(until)
  const when = isKnown ? ` until ${new Date(until).toISOString()}` : ''
  return new SourceRefused('early_access', `Cannot download ${what}: it is in early access${when}`, {
    hint: 'Buy access with the account of the key, or wait until it is over',
    until: isKnown ? until : undefined,
  })
}

const noAccess = (what: string, hasToken: boolean): SourceRefused =>
  hasToken
    ? disabled(`Cannot download ${what}: the account of the key has no access to it`)
    : new SourceRefused('login', `Cannot download ${what}: only accounts with access get it`, { hint: KEY_HINT })

const disabled = (message: string): SourceRefused =>
  new SourceRefused('disabled', message, { hint: 'Look for the same file elsewhere by its digest, or ask its creator' })

const unavailable = (message: string, retryAfterSeconds?: number): AppError =>
  new AppError('upstream_unavailable', message, { hint: 'Try again later', retryAfterSeconds })

const isLoginPage = (text: string): boolean => /\b(?:log|sign)[ -]?in\b/i.test(text)
