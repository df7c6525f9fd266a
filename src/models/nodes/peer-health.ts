import { isAppError, toAppError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { reasonOf } from './greet.ts'

/** What became of asking a node: one that failed is not asked again for a while. */
export interface PeerHealth {
  /** Why it is not asked now. */
  failure(): string | undefined
  /** @returns the reason, as the end of a sentence */
  fail(error: unknown): string
  succeed(): void
  /** Epoch milliseconds. */
  readonly checkedAt: number | undefined
  /** How it went the last time, however long ago. */
  readonly last: string | undefined
  /** The last failure was that it is not who it was, or that what it said was changed on the way. */
  readonly isUntrusted: boolean
}

const DEAD_MS = 60_000

export function createPeerHealth(clock: Clock): PeerHealth {
  let last: string | undefined
  let until = 0
  let checkedAt: number | undefined
  let isUntrusted = false
  return {
    failure: () => (clock.now() < until ? last : undefined),
    fail(error) {
      const { code, retryAfterSeconds = 0 } = toAppError(error)
      checkedAt = clock.now()
      until = checkedAt + Math.max(DEAD_MS, Math.min(retryAfterSeconds, 3_600) * 1_000)
      isUntrusted = code === 'conflict' || code === 'checksum_mismatch'
      last = isAppError(error) ? reasonOf(error) : 'it could not be asked'
      return last
    },
    succeed() {
      checkedAt = clock.now()
      last = undefined
      until = 0
      isUntrusted = false
    },
    get checkedAt() {
      return checkedAt
    },
    get last() {
      return last
    },
    get isUntrusted() {
      return isUntrusted
    },
  }
}
