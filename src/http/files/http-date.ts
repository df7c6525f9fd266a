/** `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7); whole seconds. */
export const toHttpDate = (ms: number): string => new Date(ms).toUTCString()

const IMF_OR_RFC850 = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -](?:\d{4}|\d{2}) \d{2}:\d{2}:\d{2} GMT$/
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

/** Milliseconds since the epoch of any of the three forms; undefined for what is none, which is to be ignored. */
export function parseHttpDate(text: string): number | undefined {
  if (!IMF_OR_RFC850.test(text) && !ASCTIME.test(text)) return undefined
  const ms = Date.parse(ASCTIME.test(text) ? `${text} GMT` : text)
  return Number.isNaN(ms) ? undefined : ms
}
