/** Whoever asks for more will be asked sooner. */
export const LONGEST_WAIT_SECONDS = 86_400

/**
 * Seconds that a `Retry-After` asks to wait, a day at most; undefined for a missing or unreadable one. A date counts from
 * `now`.
 */
export function retryAfterSeconds(header: string | null, now: number = Date.now()): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Math.min(LONGEST_WAIT_SECONDS, Number(text))
  // Any other number would be read as a year.
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.min(LONGEST_WAIT_SECONDS, Math.max(0, Math.ceil((at - now) / 1_000)))
}
