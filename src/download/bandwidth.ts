import { steadyClock, type WaitingClock } from './waiting-clock.ts'

/** Bytes a second that all connections share. */
export interface Bandwidth {
  /**
   * Resolves when so many bytes may be read. Those who wait are served in turns, a small share each, so that one that
   * takes large pieces gets no more than the others.
   * @throws the signal's reason; nothing of what was waited for is then missing to the others
   */
  take(bytes: number, signal: AbortSignal): Promise<void>
}

interface Waiter {
  bytes: number
  /** Not granted yet. */
  left: number
  grant(): void
}

/** Shares a second at most, so that turns come often. */
const TURNS_A_SECOND = 16
const LEAST_SHARE_BYTES = 1024
const LARGEST_SHARE_BYTES = 2 ** 20

const AT_ONCE = Promise.resolve()

/** @param bytesPerSecond 0 is no limit. What is not used adds up to one second's worth. */
export function createBandwidth(bytesPerSecond: number, clock: WaitingClock = steadyClock): Bandwidth {
  if (bytesPerSecond === 0) return { take: () => AT_ONCE }
  const fairShare = Math.max(LEAST_SHARE_BYTES, Math.floor(bytesPerSecond / TURNS_A_SECOND))
  const shareBytes = Math.min(bytesPerSecond, fairShare, LARGEST_SHARE_BYTES)
  const waiting: Waiter[] = []
  let there = bytesPerSecond
  let at = clock.now()
  let stopTimer: (() => void) | undefined

  function refill(): void {
    const now = clock.now()
    there = Math.min(bytesPerSecond, there + ((now - at) / 1000) * bytesPerSecond)
    at = now
  }

  function serve(): void {
    stopTimer?.()
    stopTimer = undefined
    refill()
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const share = Math.min(first.left, shareBytes)
      if (there < share) {
        stopTimer = clock.after(Math.ceil(((share - there) / bytesPerSecond) * 1000), serve)
        return
      }
      there -= share
      first.left -= share
      waiting.shift()
      if (first.left > 0) waiting.push(first)
      else first.grant()
    }
  }

  function wait(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { bytes, left: bytes, grant }
      function grant(): void {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      function leave(): void {
        waiting.splice(waiting.indexOf(waiter), 1)
        there = Math.min(bytesPerSecond, there + waiter.bytes - waiter.left)
        reject(signal.reason)
        serve()
      }
      signal.addEventListener('abort', leave, { once: true })
      waiting.push(waiter)
      if (waiting.length === 1) serve()
    })
  }

  return {
    take(bytes, signal) {
      if (signal.aborted) return Promise.reject(signal.reason)
      if (waiting.length > 0) return wait(bytes, signal)
      refill()
      if (there < bytes) return wait(bytes, signal)
      there -= bytes
      return AT_ONCE
    },
  }
}
