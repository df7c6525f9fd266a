const MIB = 2 ** 20

/** Sizes and times of a download, in bytes and milliseconds. */
export interface DownloadTuning {
  /** Smallest piece that is worth a connection of its own. */
  readonly minSegmentBytes: number
  readonly maxSegmentBytes: number
  /** What is gathered in memory before it is written; each connection has two. */
  readonly blockBytes: number
  /** A block that is not full is written after so long. */
  readonly blockAgeMs: number
  /** A connection that will be done sooner keeps what it has: another one would come too late. */
  readonly shareMs: number
  /** A connection that needs longer for its last bytes holds the others up. */
  readonly lateMs: number
  readonly firstConnections: number
  /** How long a connection more has to prove that it adds throughput. */
  readonly growEveryMs: number
  /** What was received is made durable, and noted, this often or after so many bytes. */
  readonly syncEveryMs: number
  readonly syncEveryBytes: number
  /** Silence after which a connection is made anew. */
  readonly idleTimeoutMs: number
  /** The running hash is given up when, as things go, it would have the whole file so much later than the line. */
  readonly hashLagMs: number
  /** Failures in a row, without a byte in between, after which a source is given up; and one that never answered. */
  readonly attempts: number
  readonly firstAttempts: number
  readonly retryFirstMs: number
  readonly retryMaxMs: number
  /** Longest `Retry-After` that is waited for. */
  readonly maxWaitMs: number
  /** How long another process of this machine is waited for that writes the part. */
  readonly lockWaitMs: number
}

export const DEFAULT_TUNING: DownloadTuning = {
  minSegmentBytes: 16 * MIB,
  maxSegmentBytes: 128 * MIB,
  blockBytes: MIB / 4,
  blockAgeMs: 500,
  shareMs: 1_000,
  lateMs: 3_000,
  firstConnections: 4,
  growEveryMs: 200,
  syncEveryMs: 2_000,
  syncEveryBytes: 256 * MIB,
  idleTimeoutMs: 30_000,
  hashLagMs: 1_000,
  attempts: 12,
  firstAttempts: 4,
  retryFirstMs: 1_000,
  retryMaxMs: 15_000,
  maxWaitMs: 120_000,
  lockWaitMs: 30_000,
}
