import { AppError } from '../errors.ts'
import { retryAfterSeconds } from '../net/retry-after.ts'
import { isHtml } from './answer.ts'
import { loginNeeded, toRefusal } from './refusal.ts'

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

/** What an answer means. 404 is not among them: the file may be had in another way. */
export function toDownloadError({ what, ...answer }: DownloadAnswer): AppError {
  const { status, text, contentType, hasToken } = answer
  const action = `Cannot download ${what}`
  const refusal = toRefusal({ ...answer, action })
  if (refusal !== undefined) return refusal
  const isPage = isHtml(text) || /html/i.test(contentType)
  switch (status) {
    case 200:
      if (isPage) return loginNeeded(action, hasToken)
      return unavailable(`${action}: it answered with something that is no file`)
    case 400:
      return new AppError('not_found', `${action}: it does not take these numbers (400)`, {
        hint: 'Check the number of the version and of the file',
      })
    case 429:
      return new AppError('rate_limited', `${action}: too much was downloaded from it (429)`, {
        hint: 'Wait, or download from another source',
        retryAfterSeconds: retryAfterSeconds(answer.retryAfter) ?? LIMIT_SECONDS,
      })
    default:
      return unavailable(`${action}: it answered ${status}`, retryAfterSeconds(answer.retryAfter))
  }
}

const unavailable = (message: string, retryAfterSeconds?: number): AppError =>
  new AppError('upstream_unavailable', message, { hint: 'Try again later', retryAfterSeconds })
