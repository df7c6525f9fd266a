import type { Mismatch } from './judge-file.ts'
import type { ExpectedFile } from './request.ts'

/** The sources have another file than the one that was expected; wrong bytes are in quarantine. */
export class DifferentFile extends Error {
  readonly mismatch: Mismatch | undefined
  /** What callers see where nothing is tried again. */
  readonly reason: unknown
  /** The whole file was fetched to find that out. */
  readonly fetched: boolean
  /** What the upstream says by now, if it was asked. */
  readonly refreshed: ExpectedFile | undefined

  constructor(options: {
    readonly mismatch?: Mismatch | undefined
    readonly reason: unknown
    readonly fetched: boolean
    readonly refreshed?: ExpectedFile | undefined
  }) {
    super('The sources have another file')
    this.mismatch = options.mismatch
    this.reason = options.reason
    this.fetched = options.fetched
    this.refreshed = options.refreshed
  }
}
