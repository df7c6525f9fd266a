/** Time as integer milliseconds since the epoch; ISO 8601 UTC only at the edges. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

export const toIso = (ms: number): string => new Date(ms).toISOString()
