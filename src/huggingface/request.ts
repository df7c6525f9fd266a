import { AppError, isAppError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import { backoffMs, sleep } from '../lib/retry.ts'
import { isUnreachable } from '../net/failure.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { GuardedResponse } from '../net/response.ts'
import type { Hub, HubCall } from './hub.ts'
import { type Asked, toRefusal } from './refusal.ts'

export interface HubRequestDeps {
  readonly fetch: GuardedFetch
  readonly log: Log
  readonly hub: Hub
  /** Waits between attempts; the signal ends the wait. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface HubRequest {
  /** At the configured host. */
  readonly url: URL
  readonly method?: 'GET' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
  /** For messages. */
  readonly about: Pick<Asked, 'repo' | 'revision' | 'path'>
  readonly call: HubCall
  /** Redirects are followed at the host itself, where repositories move; else one is an answer. */
  readonly follow?: true
  /** Statuses from 400 on that are an answer here. */
  readonly accept?: readonly number[]
}

export interface HubAnswer {
  readonly response: GuardedResponse
  /** The key that was sent, and not refused. */
  readonly token: string | undefined
}

const MAX_ATTEMPTS = 3
const TIMING = { firstMs: 1_000, maxMs: 10_000 }
/** Whoever has to wait longer is told, and may ask another source meanwhile. */
const LONGEST_WAIT_SECONDS = 10
/** Who waits for one of its answers waits for several. */
const ANSWER_WITHIN_MS = 15_000
/** At a host to which no connection comes about. */
const MAX_UNREACHABLE = 2

/**
 * One request, at most three times: after a failed connection, 5xx, and 429 where the wait is short. A key that is not
 * valid is refused even for what everybody may read: then the question is asked once more without it.
 * @throws SourceRefused; AppError not_found, rate_limited, upstream_unavailable, forbidden, cancelled
 */
export async function askHub(request: HubRequest, deps: HubRequestDeps): Promise<HubAnswer> {
  const { signal, trace } = request.call
  const wait = deps.sleep ?? sleep
  let key: Asked['key'] = request.call.token === undefined ? 'none' : 'sent'
  for (let attempt = 0; ; attempt += 1) {
    const token = key === 'sent' ? request.call.token : undefined
    const result = await attemptOnce(request, token, deps)
    if (
      'response' in result &&
      result.response.status === 401 &&
      token !== undefined &&
      isKeyRefused(result.response)
    ) {
      result.response.discard()
      deps.log.warn({ ...trace, host: request.url.host }, 'Hugging Face refused the key; it is asked without it')
      key = 'refused'
      attempt -= 1
      continue
    }
    const error = 'response' in result ? refusalOf(result.response, request, key, deps.hub) : result.error
    if (error === undefined && 'response' in result) return { response: result.response, token }
    if (error === undefined) continue
    const seconds = error.retryAfterSeconds
    const mayHelp = error.code === 'upstream_unavailable' || (error.code === 'rate_limited' && seconds !== undefined)
    const most = isUnreachable(error) ? MAX_UNREACHABLE : MAX_ATTEMPTS
    if (!mayHelp || attempt + 1 >= most || (seconds ?? 0) > LONGEST_WAIT_SECONDS) throw error
    const ms = seconds === undefined ? backoffMs(attempt, TIMING) : seconds * 1_000
    deps.log.debug(
      { ...trace, host: request.url.host, attempt, ms, reason: error.message },
      'asking Hugging Face again',
    )
    await wait(ms, signal).catch((cause: unknown) => {
      throw new AppError('cancelled', 'Stopped waiting for Hugging Face: it was cancelled', { cause })
    })
  }
}

type Attempt = { readonly response: GuardedResponse } | { readonly error: AppError }

async function attemptOnce(request: HubRequest, token: string | undefined, deps: HubRequestDeps): Promise<Attempt> {
  const { url, method = 'GET', headers, call, follow } = request
  try {
    const response = await deps.fetch({
      url,
      method,
      headers: { ...headers, ...authorization(token) },
      signal: call.signal,
      hosts: deps.hub.allowed,
      headersTimeoutMs: ANSWER_WITHIN_MS,
      redirect: follow ? 'follow' : 'manual',
      ...(call.trace === undefined ? {} : { trace: call.trace }),
    })
    return { response }
  } catch (error) {
    if (isAppError(error)) return { error }
    throw error
  }
}

export const authorization = (token: string | undefined): Readonly<Record<string, string>> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` }

/** Gated and hidden repositories are named as such; without a name a 401 is about the key. */
const isKeyRefused = ({ headers }: GuardedResponse): boolean =>
  !headers.has('x-error-code') || /invalid (?:credentials|user|token)/i.test(headers.get('x-error-message') ?? '')

function refusalOf(
  response: GuardedResponse,
  { about, accept }: HubRequest,
  key: Asked['key'],
  hub: Hub,
): AppError | undefined {
  if (response.status < 400 || accept?.includes(response.status)) return undefined
  response.discard()
  return toRefusal(response, { ...about, host: hub.called, page: hub.page(about.repo), key })
}
