import { AppError, isAppError } from '../errors.ts'
import type { JsonValue } from '../lib/json.ts'
import type { Log, Trace } from '../lib/log.ts'
import { backoffMs, sleep } from '../lib/retry.ts'
import { isUnreachable } from '../net/failure.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import { isTooDeep } from '../net/json-depth.ts'
import type { GuardedResponse } from '../net/response.ts'
import { retryAfterSeconds } from '../net/retry-after.ts'
import { isHtml, readError, readStart } from './answer.ts'
import { isLoginNeeded, toRefusal } from './refusal.ts'

export interface CivitaiRequest {
  readonly url: URL
  /** Sent as JSON by POST; without it the request is a GET. It must be a question: it may be sent again. */
  readonly body?: JsonValue
  /** Sent as a bearer; the caller sees to it that it goes to the configured host alone. */
  readonly token?: string | undefined
  /** Where the request and its redirects may go. */
  readonly hosts: readonly string[]
  readonly signal: AbortSignal
  /** Whose request it is, for the log. */
  readonly trace?: Trace | undefined
}

export interface CivitaiRequestDeps {
  readonly fetch: GuardedFetch
  readonly log: Log
  /** Waits between attempts; the signal ends the wait. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  /** Bytes of one answer: a page of a hundred images with workflows takes a few MiB. */
  readonly maxAnswerBytes?: number
}

/** Its answers take a second or two; who waits for one of them waits for several. */
const ANSWER_WITHIN_MS = 15_000

const MAX_ATTEMPTS = 4
/** At a host to which no connection comes about. */
const MAX_UNREACHABLE = 2
/** As Civitai's documentation asks for: 1 s, doubled, up to 30 s. */
const TIMING = { firstMs: 1_000, maxMs: 30_000 }
/** A server may ask for a longer wait than anyone stays for; then the caller is told instead. */
const LONGEST_WAIT_SECONDS = 60

type Attempt = { readonly json: unknown } | { readonly error: AppError; readonly retry: boolean }

/** 404 is an answer, not a failure: the sibling host may know better. */
export const NOT_THERE = Symbol('404')

/**
 * One JSON document. 429, 5xx and broken connections are tried again, at most four times in all; what is refused to a
 * key that has run out is asked for once more without it.
 * @returns the document, or NOT_THERE
 * @throws SourceRefused (login, early_access, disabled, archived, region); AppError upstream_unavailable, rate_limited,
 * forbidden (by Civitai, or by the guard), cancelled
 */
export async function requestJson(request: CivitaiRequest, deps: CivitaiRequestDeps): Promise<unknown> {
  const wait = deps.sleep ?? sleep
  let refused: AppError | undefined
  for (let attempt = 0; ; attempt += 1) {
    const { token, ...open } = request
    const result = await attemptOnce(refused === undefined ? request : open, deps)
    if ('json' in result) return result.json
    const { error, retry } = result
    if (isLoginNeeded(error) && token !== undefined) {
      if (refused !== undefined) throw refused
      deps.log.warn({ ...request.trace, host: request.url.host }, 'Civitai refused the key; it is asked without it')
      refused = error
      attempt -= 1
      continue
    }
    const asked = error.retryAfterSeconds
    const most = isUnreachable(error) ? MAX_UNREACHABLE : MAX_ATTEMPTS
    if (!retry || attempt + 1 >= most || (asked ?? 0) > LONGEST_WAIT_SECONDS) throw error
    const ms = asked === undefined ? backoffMs(attempt, TIMING) : asked * 1_000
    const about = { host: request.url.host, attempt, ms, reason: error.message }
    deps.log.debug({ ...request.trace, ...about }, 'asking Civitai again')
    await wait(ms, request.signal).catch((cause: unknown) => {
      throw new AppError('cancelled', 'Stopped waiting for Civitai: it was cancelled', { cause })
    })
  }
}

async function attemptOnce(request: CivitaiRequest, deps: CivitaiRequestDeps): Promise<Attempt> {
  const { url, body, token, hosts, signal, trace } = request
  try {
    const response = await deps.fetch({
      url,
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      signal,
      hosts,
      headersTimeoutMs: ANSWER_WITHIN_MS,
      ...(trace === undefined ? {} : { trace }),
    })
    if (response.status === 404) {
      response.discard()
      return { json: NOT_THERE }
    }
    if (response.status !== 200) return refusal(response, await readStart(response), request)
    return readAnswer(await response.text(deps.maxAnswerBytes ?? 32 * 2 ** 20), url)
  } catch (error) {
    if (!isAppError(error)) throw error
    if (error.code === 'payload_too_large') {
      const tooLarge = new AppError('upstream_unavailable', `Cannot use the answer of ${url.host}: it is too large`, {
        hint: 'Ask for fewer items with a smaller limit',
        cause: error,
      })
      return { error: tooLarge, retry: false }
    }
    return { error, retry: error.code === 'upstream_unavailable' }
  }
}

function readAnswer(text: string, url: URL): Attempt {
  try {
    const json: unknown = JSON.parse(text)
    if (!isTooDeep(json)) return { json }
    return { error: unavailable(url, 'its answer is nested too deeply'), retry: false }
  } catch {
    const what = isHtml(text) ? 'an HTML page' : 'something else'
    return { error: unavailable(url, `it answered with ${what} instead of JSON`), retry: false }
  }
}

const unavailable = (
  url: URL,
  reason: string,
  options: { hint?: string; seconds?: number | undefined } = {},
): AppError =>
  new AppError('upstream_unavailable', `Cannot ask ${url.host}: ${reason}`, {
    hint: options.hint ?? 'Try again later',
    retryAfterSeconds: options.seconds,
  })

function refusal(response: GuardedResponse, text: string, { url, token }: CivitaiRequest): Attempt {
  const { status, headers } = response
  const contentType = headers.get('content-type') ?? ''
  const action = `Cannot ask ${url.host}`
  const refused = toRefusal({ status, text, contentType, hasToken: token !== undefined, action })
  if (refused !== undefined) return { error: refused, retry: false }
  const { error, message } = readError(text)
  const said = error ?? message
  const page = said === undefined && isHtml(text) ? ' with an HTML page' : ''
  const reason = `it answered ${status}${page}${said === undefined ? '' : `: ${said}`}`
  const seconds = retryAfterSeconds(headers.get('retry-after'))
  if (status === 429) {
    // Asking again never helps here: the request itself is what is refused.
    if (/too many pages/i.test(said ?? ''))
      return { error: unavailable(url, reason, { hint: 'Ask for a lower page' }), retry: false }
    const error = new AppError('rate_limited', `Cannot ask ${url.host}: it asks to slow down (429)`, {
      hint: 'Try again later',
      retryAfterSeconds: seconds,
    })
    return { error, retry: true }
  }
  return { error: unavailable(url, reason, { seconds }), retry: status >= 500 }
}
