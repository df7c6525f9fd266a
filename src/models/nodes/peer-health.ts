import { AppError, isAppError, toAppError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { reasonOf } from './greet.ts'

/** A node is not who it was, or what it said was changed on the way: with the code and words of the check that failed. */
export class PeerDistrusted extends AppError {
  constructor({ code, message, hint }: AppError) {
    super(code, message, { hint })
  }
}

/**
 * What became of asking a node: one that failed is not asked again for a while, and one that is distrusted not until the
 * owner adds it again, or this program starts anew.
 */
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
  /** It is not who it was, or what it said was changed on the way; for good. */
  readonly isUntrusted: boolean
}

const DEAD_MS = 60_000

export function createPeerHealth(clock: Clock): PeerHealth {
  let last: string | undefined
  let until = 0
  let checkedAt: number | undefined
  let isUntrusted = false
  return {
    failure: () => (isUntrusted || clock.now() < until ? last : undefined),
    fail(error) {
      // What happens to it after that says nothing of why.
      if (isUntrusted && last !== undefined) return last
      const { retryAfterSeconds = 0 } = toAppError(error)
      checkedAt = clock.now()
      until = checkedAt + Math.max(DEAD_MS, Math.min(retryAfterSeconds, 3_600) * 1_000)
      isUntrusted = error instanceof PeerDistrusted
      last = isAppError(error) ? reasonOf(error) : 'it could not be asked'
      if (isUntrusted) last = `${last}; it is distrusted until the owner adds it again`
      return last
    },
    succeed() {
      // It had been asked before.
      if (isUntrusted) return
      checkedAt = clock.now()
      last = undefined
      until = 0
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
