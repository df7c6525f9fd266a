import { type AppError, isAppError } from '../errors.ts'
import { SourceRefused } from '../net/file-source.ts'

export type FaultKind =
  /** Try again after a while; counts as an attempt unless bytes came. */
  | 'retry'
  /** Nothing came for too long: at once again. */
  | 'silent'
  /** It asks to be left alone for a while. */
  | 'busy'
  /** The address is no longer good: open the source again. */
  | 'expired'
  /** It sends only the whole file. */
  | 'whole'
  /** Its bytes are other ones than before. */
  | 'changed'
  /** Nothing tells whether what it sends belongs to what there is: that must not be gone on with. */
  | 'anew'
  /** Nor whether two of its answers belong together: all is asked for at once. */
  | 'single'
  /** It has another file than the one that is wanted. */
  | 'different'
  /** Nothing more can be had there. */
  | 'dead'

export interface FaultOptions {
  readonly waitMs?: number | undefined
  readonly cause?: unknown
}

/** What is wrong with one source; never leaves the download engine. */
export class SourceFault extends Error {
  readonly kind: FaultKind
  readonly waitMs: number | undefined

  /** @param reason in plain words, without an address: follows the source's id */
  constructor(kind: FaultKind, reason: string, options: FaultOptions = {}) {
    super(reason, { cause: options.cause })
    this.kind = kind
    this.waitMs = options.waitMs
  }
}

/** Errors that trying again does not change: the guard's, and what a source says of itself. */
const FINAL = new Set(['forbidden', 'not_found', 'license_blocked', 'invalid_input', 'unauthorized'])

/** What opening a source or reading from it threw, as a fault of the source. */
export function toFault(error: unknown): SourceFault {
  if (error instanceof SourceFault) return error
  if (!isAppError(error)) return new SourceFault('dead', 'something went wrong inside airkeep', { cause: error })
  const { code, message, retryAfterSeconds } = error
  const waitMs = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1_000
  if (error instanceof SourceRefused || FINAL.has(code)) return new SourceFault('dead', message, { cause: error })
  if (code === 'rate_limited') return new SourceFault('busy', message, { waitMs, cause: error })
  return new SourceFault('retry', message, { waitMs, cause: error })
}

/** The error that a fault came from, where callers should see that one and no other. */
export function tellingCause(fault: SourceFault): AppError | undefined {
  const { cause } = fault
  if (!isAppError(cause)) return undefined
  return cause.code === 'upstream_unavailable' ? undefined : cause
}

/** The host takes no connection (any more). */
export function wasRefused({ cause }: SourceFault): boolean {
  const system: unknown = cause instanceof Error ? cause.cause : undefined
  return system instanceof Error && 'code' in system && system.code === 'ECONNREFUSED'
}

/** Of the download or of the machine, whichever source is asked: a full disk, a file beyond the largest size. */
export const concernsAll = (error: unknown): error is AppError =>
  isAppError(error) && (error.code === 'disk_full' || ('reason' in error && error.reason === 'size'))
