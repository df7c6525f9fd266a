import { createHmac } from 'node:crypto'
import * as v from 'valibot'
import { AppError, isAppError } from '../../errors.ts'
import type { JobEnd, JobKind, RunningJob } from '../../jobs/job.ts'
import type { Clock } from '../../lib/clock.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Log } from '../../lib/log.ts'
import { sleep } from '../../lib/retry.ts'
import type { GuardedFetch } from '../../net/fetch.ts'
import type { Actor } from '../../operation/permission.ts'
import { CALLBACK_KIND } from './summary.ts'

const inputSchema = v.object({ url: v.string(), body: v.string() })

type CallbackInput = v.InferOutput<typeof inputSchema>

export interface CallbackJobDeps {
  readonly fetch: GuardedFetch
  readonly clock: Clock
  readonly log: Log
  /** Setting; empty: none is sent. */
  readonly secret: string
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
  /** Before each further attempt, in milliseconds. @default 10 s, a minute, 10 minutes, an hour */
  readonly waitsMs?: readonly number[]
}

const WAITS_MS = [10_000, 60_000, 600_000, 3_600_000]
/** An answer that takes longer is none. */
const ANSWER_MS = 15_000

/**
 * Tells the caller's address that an import has ended: over https, without following redirects, signed. A job of its
 * own, so that it outlives a restart and no import waits for it.
 */
export function createCallbackJob(deps: CallbackJobDeps): JobKind<CallbackInput> {
  return {
    kind: CALLBACK_KIND,
    prefix: 'cb',
    permission: 'models:read',
    concurrency: 4,
    input: inputSchema,
    run: (job) => runCallback(job, deps),
    ended: (view, how, error) => ({ ...view, status: how, error: error.message, error_code: error.code }),
    reopened: (view) => ({ status: 'waiting', progress: 0, import_job_id: view.import_job_id ?? null, attempts: 0 }),
  }
}

async function runCallback(job: RunningJob<CallbackInput>, deps: CallbackJobDeps): Promise<JobEnd> {
  const { signal, view = {} } = job
  const { log, waitsMs = WAITS_MS } = deps
  let attempts = typeof view.attempts === 'number' ? view.attempts : 0
  for (;;) {
    const refusal = await attempt(job, deps)
    attempts += 1
    const now: JsonObject = { ...view, attempts }
    if (refusal === undefined) return { status: 'succeeded', view: { ...now, status: 'delivered', progress: 1 } }
    const wait = refusal.isFinal ? undefined : waitsMs[attempts - 1]
    log.warn({ job_id: job.id, attempts, reason: refusal.reason }, 'A callback was not taken')
    if (wait === undefined) {
      return { status: 'failed', view: { ...now, status: 'failed', progress: 1, error: refusal.reason } }
    }
    // Stored: a restart begins with the attempt that is due, and not from the first.
    await job.save(now, { advanced: true })
    await job.aside(() => sleep(wait, signal))
  }
}

interface Refusal {
  readonly reason: string
  /** Another attempt would end the same way. */
  readonly isFinal: boolean
}

/** Undefined once it was taken. */
async function attempt(job: RunningJob<CallbackInput>, deps: CallbackJobDeps): Promise<Refusal | undefined> {
  const { input, actor, signal, id } = job
  const { fetch, clock, secret, hostsFor } = deps
  if (secret === '') return { reason: 'AIRKEEP_WEBHOOK_SECRET is not set any more', isFinal: true }
  try {
    const response = await fetch({
      url: httpsOnly(input.url),
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'airkeep-signature': signatureOf(input.body, secret, Math.floor(clock.now() / 1000)),
        // The same in each attempt: whoever got it twice can tell.
        'airkeep-delivery': id,
      },
      body: input.body,
      hosts: hostsFor(actor),
      redirect: 'manual',
      headersTimeoutMs: ANSWER_MS,
      signal,
      trace: { job_id: id },
    })
    const { status } = response
    response.discard()
    return status >= 200 && status < 300 ? undefined : refusalOf(status)
  } catch (error) {
    if (signal.aborted || !isAppError(error) || error.code === 'internal') throw error
    // The guard's and the network's words name the address, which may hold a key.
    return error.code === 'upstream_unavailable'
      ? { reason: 'The address could not be reached', isFinal: false }
      : { reason: 'The address may not be reached from here', isFinal: true }
  }
}

const AGAIN: ReadonlySet<number> = new Set([408, 425, 429])

function refusalOf(status: number): Refusal {
  const isRedirect = status >= 300 && status < 400
  const reason = isRedirect
    ? `The address answered with a redirect (${status}), which is not followed`
    : `The address answered with status ${status}`
  return { reason, isFinal: status < 500 && !AGAIN.has(status) }
}

function httpsOnly(url: string): string {
  if (/^https:\/\//i.test(url)) return url
  throw new AppError('invalid_input', 'callback_url must begin with https://')
}

/** `t=<seconds since the epoch>,v1=<hex>`: HMAC-SHA256 over `<t>.<body>`. */
export function signatureOf(body: string, secret: string, seconds: number): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}
