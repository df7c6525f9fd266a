/** Bytes a second, over everything that goes through it. */
export interface Pace {
  /** Reserves bytes and gives the milliseconds until they may go. */
  reserve(bytes: number, nowMs: number): number
  /** Whether all that was reserved has gone by then. */
  isIdle(nowMs: number): boolean
}

/** 0 is no limit. What was not used does not add up. */
export function createPace(bytesPerSecond: number): Pace {
  /** When everything reserved so far will have gone. */
  let freeAt = Number.NEGATIVE_INFINITY
  return {
    reserve(bytes, nowMs) {
      if (bytesPerSecond === 0) return 0
      const begins = Math.max(freeAt, nowMs)
      freeAt = begins + (bytes / bytesPerSecond) * 1000
      return begins - nowMs
    },
    isIdle: (nowMs) => freeAt <= nowMs,
  }
}
