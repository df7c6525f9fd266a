import { isFull, isHeld } from '../db/db-error.ts'
import { type AppError, toAppError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import { backoffMs, sleep } from '../lib/retry.ts'

/** From half a second to ten. */
const TIMING = { firstMs: 500, maxMs: 10_000 }

/** Called each time that a step has failed and is waited for, with what it failed with. */
export type OnWait = (error: AppError) => Promise<void> | void

/**
 * Repeats a step of a job's own life until a database that is away has come back, or another program has let go of it:
 * whoever asks for a job gets an error and comes again, but nobody comes again for the end of one.
 * @param onFull where it is given, a full disk is waited for too: called each time that it still is
 * @throws what `step` throws otherwise; its last error when `signal` aborts
 */
export function whileAway<T>(log: Log, signal: AbortSignal, step: () => Promise<T>, onFull?: OnWait): Promise<T> {
  return again(log, signal, step, (error, reason) => {
    if (reason.code === 'disk_full' && onFull !== undefined) return onFull
    return reason.code === 'upstream_unavailable' || isHeld(error) ? () => {} : undefined
  })
}

/**
 * Runs a job from its beginning again when the disk of the database had no room for something that it was to write.
 * @throws as {@link whileAway}
 */
export function whileFull<T>(log: Log, signal: AbortSignal, run: () => Promise<T>, onFull: OnWait): Promise<T> {
  return again(log, signal, run, (error) => (isFull(error) ? onFull : undefined))
}

/** @param waitsFor what is told of an error that is waited for; undefined: it is not */
async function again<T>(
  log: Log,
  signal: AbortSignal,
  step: () => Promise<T>,
  waitsFor: (error: unknown, reason: AppError) => OnWait | undefined,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await step()
    } catch (error) {
      const reason = toAppError(error)
      const onWait = signal.aborted ? undefined : waitsFor(error, reason)
      if (onWait === undefined) throw error
      // Who comes later is told too.
      await onWait(reason)
      if (attempt === 0) log.warn({ err: error }, 'Jobs wait for the database')
      await sleep(backoffMs(attempt, TIMING), signal).catch(() => {})
    }
  }
}

/** How long whoever follows a job is told that it waits, before they are told that it failed for now. */
export const TOLD_AFTER_MS = 10_000
/** Longer than a step that fails again and again lets pass in between. */
const CALM_MS = 60_000

/**
 * A full disk is told as a wait at first, as it often has room again in a moment, and then as a failure: nobody is to
 * wait for ever. The job itself waits on.
 */
export function createTellFull(
  afterMs: number,
  tell: { readonly waits: OnWait; readonly failed: OnWait },
  now: () => number = () => performance.now(),
): OnWait {
  let since: number | undefined
  let last = Number.NEGATIVE_INFINITY
  return (error) => {
    const at = now()
    // What has gone on since waits anew.
    if (since === undefined || at - last > CALM_MS) since = at
    last = at
    return at - since < afterMs ? tell.waits(error) : tell.failed(error)
  }
}
