import { orAborted } from '../lib/abort.ts'
import { backoffMs } from '../lib/retry.ts'
import type { FileSource, OpenedSource } from '../net/file-source.ts'
import type { Location } from './open-range.ts'
import { type SourceFault, toFault } from './source-fault.ts'
import type { DownloadTuning } from './tuning.ts'

/** One source of a download and how it does. */
export interface Supply {
  readonly source: FileSource
  /** Connections, those that are being made included. */
  active: number
  /** It answers ranges with the whole file. */
  whole: boolean
  /** How often it did so, since it last sent a range. */
  wholes: number
  /** Nothing tells whether two of its answers are of one file: one has to bring all of it. */
  single: boolean
  /** Given by this run's first answer; null where it says nothing that would tell. */
  validator: string | null | undefined
  /** Bytes a second of one connection, of late; 0 before the first. */
  rate: number
  /** Milliseconds from asking for a range to its answer, at best. */
  openingMs: number
  readonly bytes: number
  readonly dead: SourceFault | undefined
  /** Not waiting for anything, and not given up. */
  usable(now: number): boolean
  /** Where the file lies; opens the source when that is not known (any more). @throws SourceFault */
  locate(signal: AbortSignal): Promise<Location>
  /** The storage that an address led to serves for the next ranges too. */
  settle(from: Location, at: Location): void
  /** What the source says of the file, once it was opened. */
  opened(): OpenedSource | undefined
  received(bytes: number): void
  /** Something new was among it: what failed before is forgotten. */
  progressed(): void
  /** @param location where it happened, so that one expired address counts once however many used it */
  fail(fault: SourceFault, now: number, location: Location | undefined): void
}

/** How often a source is opened again in a row without a byte from it. */
const MAX_REOPENED = 2

export function createSupply(source: FileSource, tuning: DownloadTuning): Supply {
  let opened: OpenedSource | undefined
  let location: Location | undefined
  let opening: Promise<Location> | undefined
  let failures = 0
  let reopened = 0
  let notBefore = 0
  let bytes = 0
  let dead: SourceFault | undefined

  async function open(signal: AbortSignal): Promise<Location> {
    try {
      opened = await orAborted(source.open(signal), signal)
    } catch (error) {
      throw toFault(error)
    }
    const { url, headers, hosts, allowPrivate } = opened
    location = { url, headers, hosts, ...(allowPrivate === undefined ? {} : { allowPrivate }) }
    return location
  }

  /** Connections that fail together count once: the rest of them come during the wait. */
  function countFailure(fault: SourceFault, now: number): void {
    if (now < notBefore) return
    const limit = bytes > 0 ? tuning.attempts : tuning.firstAttempts
    failures += 1
    const wait = fault.waitMs ?? backoffMs(failures - 1, { firstMs: tuning.retryFirstMs, maxMs: tuning.retryMaxMs })
    if (failures >= limit || wait > tuning.maxWaitMs) dead = fault
    else notBefore = now + wait
  }

  return {
    source,
    active: 0,
    whole: false,
    wholes: 0,
    single: false,
    validator: undefined,
    rate: 0,
    openingMs: Number.POSITIVE_INFINITY,
    get bytes() {
      return bytes
    },
    get dead() {
      return dead
    },
    usable: (now) => dead === undefined && now >= notBefore,
    async locate(signal) {
      if (location !== undefined) return location
      opening ??= open(signal).finally(() => {
        opening = undefined
      })
      return await opening
    },
    settle(from, at) {
      if (location === from) location = at
    },
    opened: () => opened,
    received(more) {
      bytes += more
    },
    progressed() {
      failures = 0
      reopened = 0
    },
    fail(fault, now, used) {
      if (dead !== undefined) return
      if (fault.kind === 'retry' || fault.kind === 'busy') countFailure(fault, now)
      else if (fault.kind === 'expired') {
        if (used !== location) return
        location = undefined
        reopened += 1
        if (reopened > MAX_REOPENED) dead = fault
      } else if (fault.kind !== 'silent' && fault.kind !== 'whole') dead = fault
    },
  }
}
