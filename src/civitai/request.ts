import { AppError, isAppError } from '../errors.ts'
import type { JsonValue } from '../lib/json.ts'
import type { Log, Trace } from '../lib/log.ts'
import { backoffMs, sleep } from '../lib/retry.ts'
import { isUnreachable } from '../net/failure.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import { SourceRefused } from '../net/file-source.ts'
import type { GuardedResponse } from '../net/response.ts'
import { isHtml, readError, retryAfter } from './answer.ts'

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
 * One JSON document. 429, 5xx and broken connections are tried again, at most four times in all.
 * @returns the document, or NOT_THERE
 * @throws AppError upstream_unavailable (caused by SourceRefused `region` where that is why), rate_limited, forbidden
 * (refused by the guard), cancelled
 */
export async function requestJson(request: CivitaiRequest, deps: CivitaiRequestDeps): Promise<unknown> {
  const wait = deps.sleep ?? sleep
  for (let attempt = 0; ; attempt += 1) {
    const result = await attemptOnce(request, deps)
    if ('json' in result) return result.json
    const { error, retry } = result
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
    const text = await response.text(deps.maxAnswerBytes ?? 64 * 2 ** 20)
    return response.status === 200 ? readAnswer(text, url) : refusal(response, text, url)
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
    return { json: JSON.parse(text) }
  } catch {
    const what = isHtml(text) ? 'an HTML page' : 'something else'
    return { error: unavailable(url, `it answered with ${what} instead of JSON`), retry: false }
  }
}

const unavailable = (
  url: URL,
  reason: string,
  options: { hint?: string; seconds?: number | undefined; cause?: unknown } = {},
): AppError =>
  new AppError('upstream_unavailable', `Cannot ask ${url.host}: ${reason}`, {
    hint: options.hint ?? 'Try again later',
    retryAfterSeconds: options.seconds,
    cause: options.cause,
  })

function refusal(response: GuardedResponse, text: string, url: URL): Attempt {
  const { status } = response
  const { error, message } = readError(text)
  const said = error ?? message
  const page = said === undefined && isHtml(text) ? ' with an HTML page' : ''
  const reason = `it answered ${status}${page}${said === undefined ? '' : `: ${said}`}`
  if (status === 451) {
    const hint = 'Civitai does not serve this region; set AIRKEEP_CIVITAI_URL to a host that does'
    const reason = 'it is blocked in the region of this host (451)'
    const cause = new SourceRefused('region', `Cannot ask ${url.host}: ${reason}`, { hint })
    return { error: unavailable(url, reason, { hint, cause }), retry: false }
  }
  if (status === 401 || status === 403) {
    return {
      error: unavailable(url, reason, { hint: 'Check CIVITAI_TOKEN and the network of this host' }),
      retry: false,
    }
  }
  const seconds = retryAfter(response.headers.get('retry-after'))
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
