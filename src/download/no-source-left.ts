import { AppError } from '../errors.ts'
import { tellingCause } from './source-fault.ts'
import type { Supply } from './supply.ts'

/** What a download ends with when every source was given up: the one thing that all have in common, or each one's reason. */
export function noSourceLeft(supplies: readonly Supply[]): AppError {
  const causes = supplies.map(({ dead }) => dead && tellingCause(dead))
  const [first] = causes
  if (first !== undefined && causes.every((cause) => cause?.code === first.code)) return first
  const reasons = supplies.map(({ source, dead }) => `${source.id}: ${dead?.message ?? 'not asked'}`)
  const waits = supplies.map(({ dead }) => dead?.waitMs ?? 0)
  const wait = Math.max(0, ...waits)
  return new AppError(
    'upstream_unavailable',
    `Could not download the file: no source is left (${reasons.join('; ')})`,
    {
      hint: 'Try again later, or name another source',
      ...(wait === 0 ? {} : { retryAfterSeconds: Math.ceil(wait / 1_000) }),
      cause: supplies[0]?.dead,
    },
  )
}
