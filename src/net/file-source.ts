import { AppError, type AppErrorOptions, type ErrorCode } from '../errors.ts'

/** Where the bytes of a file can be had. */
export interface FileSource {
  /** The same after a restart and without secrets: `civitai:910201/810201`, `node:gpu-box`, `url:https://host/path`. */
  readonly id: string
  /** As callers see it. */
  readonly kind: 'remote' | 'civitai' | 'huggingface' | 'url'
  /**
   * `bounded`: any part can be asked for, over several connections. `open_ended`: only `bytes=N-`, one at a time, and
   * what it calls a digest is that of the tensors (SwarmUI).
   */
  readonly ranges: 'bounded' | 'open_ended'
  /**
   * Where the file lies now. Each call may count at the upstream: called once, and again when the address has expired.
   * @throws SourceRefused; AppError not_found, rate_limited, upstream_unavailable, forbidden (network guard), cancelled
   */
  open(signal: AbortSignal): Promise<OpenedSource>
}

export interface OpenedSource {
  /** May hold a signature: neither for logs nor for a database. */
  readonly url: string
  /** For this address alone: never to be sent along a redirect. */
  readonly headers: Readonly<Record<string, string>>
  readonly hosts: 'any' | readonly string[]
  /** Exempt from the private-address rule: origins that the owner set up. */
  readonly allowPrivate?: readonly string[]
  /** What the source says of the whole file; left out where it says nothing. */
  readonly sizeBytes?: number
  /** Lower-case hex. */
  readonly sha256?: string
  /**
   * Names these bytes, where the source does so before it hands over to a storage whose ETag means nothing (Hugging
   * Face: `X-Linked-Etag` and commit). Without it the storage's own strong ETag tells whether bytes are still the same.
   */
  readonly version?: string
  /** A stranger's word, never a path. */
  readonly filename?: string
}

/** Why a file is not to be had or not to be fetched: the contract's `reason_code`s of a blocked dependency. */
export const REFUSAL_REASONS = [
  'license',
  'terms',
  'size',
  'login',
  'early_access',
  'disabled',
  'archived',
  'region',
  'disk',
  'pickle',
  'scan',
] as const

export type RefusalReason = (typeof REFUSAL_REASONS)[number]

export interface SourceRefusedOptions extends AppErrorOptions {
  /** Epoch milliseconds from when on it may be had. */
  readonly until?: number | undefined
}

/** A source, or our own policy, does not let a file be had for a reason that somebody can do something about. */
export class SourceRefused extends AppError {
  readonly reason: RefusalReason
  readonly until: number | undefined

  constructor(reason: RefusalReason, message: string, options: SourceRefusedOptions = {}) {
    super(CODES[reason], message, options)
    this.reason = reason
    this.until = options.until
  }
}

const CODES: Readonly<Record<RefusalReason, ErrorCode>> = {
  license: 'license_blocked',
  terms: 'license_blocked',
  size: 'forbidden',
  login: 'forbidden',
  early_access: 'forbidden',
  disabled: 'forbidden',
  archived: 'not_found',
  region: 'forbidden',
  disk: 'disk_full',
  pickle: 'forbidden',
  scan: 'forbidden',
}
