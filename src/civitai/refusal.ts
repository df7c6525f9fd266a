import { AppError } from '../errors.ts'
import { SourceRefused } from '../net/file-source.ts'
import { isHtml, readError } from './answer.ts'

/** An answer with which Civitai refuses something. */
export interface RefusedAnswer {
  readonly status: number
  /** The beginning of its body. */
  readonly text: string
  readonly contentType: string
  /** Whether a key was sent along. */
  readonly hasToken: boolean
  /** What did not come about, for messages: `Cannot download version 910201 from civitai.com`. */
  readonly action: string
}

const KEY_HINT = 'Set CIVITAI_TOKEN, or store a key of Civitai with set_upstream_key'

/**
 * Why it is refused, told apart by the text where Civitai gives different things the same status. Undefined for what is
 * no refusal: missing, too much, broken.
 */
export function toRefusal(answer: RefusedAnswer): AppError | undefined {
  const { status, text, contentType, action, hasToken } = answer
  if (status < 400 || status >= 500) return undefined
  const { error, message, code, deadline } = readError(text)
  const said = `${error ?? ''} ${message ?? ''}`
  const isPage = isHtml(text) || /html/i.test(contentType)
  if (status === 451 || code === 'REGION_BLOCKED' || /not available in your region/i.test(said)) {
    return regionBlocked(action, status)
  }
  switch (status) {
    case 401:
      if (/disabled/i.test(said)) return disabled(`${action}: its creator has disabled downloads`)
      return loginNeeded(action, hasToken)
    case 410:
      return archived(action)
    case 403:
      if (/early access/i.test(said) || (isPage && /early access/i.test(text))) return earlyAccess(action, deadline)
      if (isPage) return isLoginPage(text) ? loginNeeded(action, hasToken) : walled(action)
      if (/disabled/i.test(said)) return disabled(`${action}: its creator has disabled downloads`)
      if (/archived/i.test(said)) return archived(action)
      if (/do not have access/i.test(said)) return noAccess(action, hasToken)
      if (/\blog(?:ged)?[ -]?in\b|unauthori[sz]ed/i.test(`${said} ${code ?? ''}`)) return loginNeeded(action, hasToken)
      return new AppError('forbidden', `${action}: it refuses this account or address (403)`, {
        hint: 'Civitai has blocked it; use another key or network',
      })
    default:
      return undefined
  }
}

export function loginNeeded(action: string, hasToken: boolean): SourceRefused {
  if (!hasToken) return new SourceRefused('login', `${action}: a login is needed`, { hint: KEY_HINT })
  return new SourceRefused('login', `${action}: a login is needed, and the key was not taken`, {
    hint: 'Make a new API key in the account settings of Civitai and store it',
  })
}

export function earlyAccess(action: string, deadline?: string): SourceRefused {
  const until = deadline === undefined ? Number.NaN : Date.parse(deadline)
  const isKnown = !Number.isNaN(until)
  const when = isKnown ? ` until ${new Date(until).toISOString()}` : ''
  return new SourceRefused('early_access', `${action}: it is in early access${when}`, {
    hint: 'Buy access with the account of the key, or wait until it is over',
    until: isKnown ? until : undefined,
  })
}

const regionBlocked = (action: string, status: number): SourceRefused =>
  new SourceRefused('region', `${action}: it is blocked in the region of this host (${status})`, {
    hint: 'Civitai does not serve this region; set AIRKEEP_CIVITAI_URL to a host that does',
  })

const archived = (action: string): SourceRefused =>
  new SourceRefused('archived', `${action}: the model was archived`, {
    hint: 'Look for the same file elsewhere by its digest',
  })

const noAccess = (action: string, hasToken: boolean): SourceRefused =>
  hasToken
    ? disabled(`${action}: the account of the key has no access to it`)
    : new SourceRefused('login', `${action}: only accounts with access get it`, { hint: KEY_HINT })

const disabled = (message: string): SourceRefused =>
  new SourceRefused('disabled', message, { hint: 'Look for the same file elsewhere by its digest, or ask its creator' })

/** What stands before the site takes this program for a robot; that may be over soon. */
const walled = (action: string): AppError =>
  new AppError('upstream_unavailable', `${action}: it refuses this host (403 with an HTML page)`, {
    hint: 'Its protection against robots does so: try again later, or over another network',
  })

const isLoginPage = (text: string): boolean => /\b(?:log|sign)[ -]?in\b/i.test(text)

export const isLoginNeeded = (error: unknown): boolean => error instanceof SourceRefused && error.reason === 'login'
