import { isHeld } from '../db/db-error.ts'
import { type AppError, toAppError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import { backoffMs, sleep } from '../lib/retry.ts'

/** From half a second to ten. */
const TIMING = { firstMs: 500, maxMs: 10_000 }

/**
 * Repeats a step of a job's own life until a database that is away has come back, or another program has let go of it:
 * whoever asks for a job gets an error and comes again, but nobody comes again for the end of one.
 * @param onFull where it is given, a full disk is waited for too: called each time that it still is
 * @throws what `step` throws otherwise; its last error when `signal` aborts
 */
export async function whileAway<T>(
  log: Log,
  signal: AbortSignal,
  step: () => Promise<T>,
  onFull?: (error: AppError) => Promise<void> | void,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await step()
    } catch (error) {
      const reason = toAppError(error)
      const isFull = reason.code === 'disk_full' && onFull !== undefined
      const isAway = reason.code === 'upstream_unavailable' || isHeld(error)
      if ((!isAway && !isFull) || signal.aborted) throw error
      // Who comes later is told too.
      if (isFull) await onFull(reason)
      if (attempt === 0) log.warn({ err: error }, 'Jobs wait for the database')
      await sleep(backoffMs(attempt, TIMING), signal).catch(() => {})
    }
  }
}
