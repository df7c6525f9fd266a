import { type AppError, isAppError } from '../../errors.ts'

/** Leaves an upstream alone for a while that could not be asked, so that a host without a line waits for it once. */
export interface Outages {
  /** @throws what `ask` throws; the error of the last time while that is not long ago */
  around<T>(upstream: string, ask: () => Promise<T>): Promise<T>
}

const QUIET_MS = 30_000

/** @param now milliseconds of a clock that is never set */
export function createOutages(now: () => number = () => performance.now()): Outages {
  const known = new Map<string, { readonly error: AppError; readonly until: number }>()
  return {
    async around(upstream, ask) {
      const outage = known.get(upstream)
      if (outage !== undefined && outage.until > now()) throw outage.error
      try {
        const answer = await ask()
        known.delete(upstream)
        return answer
      } catch (error) {
        if (isAppError(error) && error.code === 'upstream_unavailable') {
          known.set(upstream, { error, until: now() + QUIET_MS })
        }
        throw error
      }
    },
  }
}
