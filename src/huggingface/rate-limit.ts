import { LONGEST_WAIT_SECONDS, retryAfterSeconds } from '../net/retry-after.ts'

/**
 * Seconds after which requests are answered again. Hugging Face says so in `RateLimit: "api";r=0;t=55`
 * (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/), others in `Retry-After`.
 */
export function waitSeconds(headers: Headers): number | undefined {
  // One entry for each bucket; what is left of the others does not matter.
  const spent = (headers.get('ratelimit') ?? '').split(',').filter((entry) => /;\s*r=0*(?:;|\s*$)/i.test(entry))
  const waits = spent.flatMap((entry) => /;\s*t=(\d{1,9})\s*(?:;|$)/i.exec(entry)?.[1] ?? []).map(Number)
  return waits.length === 0
    ? retryAfterSeconds(headers.get('retry-after'))
    : Math.min(LONGEST_WAIT_SECONDS, Math.max(...waits))
}
