import { toAppError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import { backoffMs, sleep } from '../lib/retry.ts'

/** From half a second to ten. */
const TIMING = { firstMs: 500, maxMs: 10_000 }

/**
 * Repeats a step of a job's own life until a database that is away has come back: whoever asks for a job gets an error
 * and comes again, but nobody comes again for the end of one.
 * @throws what `step` throws otherwise; its last error when `signal` aborts
 */
export async function whileAway<T>(log: Log, signal: AbortSignal, step: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await step()
    } catch (error) {
      if (toAppError(error).code !== 'upstream_unavailable' || signal.aborted) throw error
      if (attempt === 0) log.warn({ err: error }, 'Jobs wait for the database')
      await sleep(backoffMs(attempt, TIMING), signal).catch(() => {})
    }
  }
}
