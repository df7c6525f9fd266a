import type { DownloadProgress } from '../../download/request.ts'
import type { AppError } from '../../errors.ts'
import { toIso } from '../../lib/clock.ts'
import { fromJson, type JsonObject } from '../../lib/json.ts'
import type { RefusalReason } from '../../net/file-source.ts'
import type { ModelType } from '../model-file.ts'
import { type DownloadInput, sourceId } from './download-input.ts'
import type { Offer, OfferCandidate } from './wanted.ts'

/** The job object of a download while it waits. */
export function firstDownloadView({ offers, wanted, place }: DownloadInput): JsonObject {
  const offered = offeredView(offers)
  return {
    status: 'resolving',
    phase: 'waiting',
    progress: 0,
    type: place.type === 'other' ? (wanted?.type ?? 'other') : place.type,
    ...offered,
    filename: place.name ?? offered.filename ?? null,
    sha256: offered.sha256 ?? wanted?.hashes.find(({ algorithm }) => algorithm === 'sha256')?.value ?? null,
    bytes_done: 0,
    ...STANDING,
    reason_code: null,
    reason: null,
  }
}

/** What is to be fetched, and from where. */
export function offeredView(offers: readonly Offer[]): JsonObject {
  const [first] = offers
  return {
    filename: first?.filename ?? null,
    sha256: first?.sha256 ?? null,
    source: first?.source ?? null,
    node: first?.node ?? null,
    bytes_total: first?.size_bytes ?? null,
    sources: offers.map(({ ref, source }) => ({ id: sourceId(ref), source })),
  }
}

/** Nothing comes. */
const STANDING = { speed_bytes_per_second: 0, seconds_left: null, connections: 0 } as const

/** What is known of an ended or paused download that goes on: nothing of its end. */
export function reopenedView(view: JsonObject): JsonObject {
  const { path, error, error_code, hint, candidates, until, steps, fetched_by, ...kept } = view
  return { ...kept, status: 'resolving', phase: 'waiting', ...STANDING, reason_code: null, reason: null }
}

export const pausedView = (view: JsonObject): JsonObject => ({ ...view, ...STANDING, status: 'paused' })

export const endedView = (view: JsonObject, how: 'failed' | 'cancelled', error: AppError): JsonObject => ({
  ...view,
  ...STANDING,
  status: how,
  phase: 'done',
  reason_code: null,
  reason: error.message,
  error: error.message,
  error_code: error.code,
  ...(error.hint === undefined ? {} : { hint: error.hint }),
})

export function progressView(progress: DownloadProgress): JsonObject {
  const { phase, bytesDone, bytesTotal, bytesPerSecond, connections } = progress
  const left = bytesTotal === undefined || bytesPerSecond <= 0 ? null : (bytesTotal - bytesDone) / bytesPerSecond
  return {
    status: 'downloading',
    phase,
    progress: shareOf(bytesDone, bytesTotal),
    bytes_done: bytesDone,
    bytes_total: bytesTotal ?? null,
    speed_bytes_per_second: Math.round(bytesPerSecond),
    seconds_left: left === null ? null : Math.max(0, Math.ceil(left)),
    connections,
  }
}

const shareOf = (done: number, total: number | undefined): number =>
  total === undefined || total === 0 ? 0 : Math.min(1, Math.round((done / total) * 1000) / 1000)

export interface Completed {
  readonly path: string
  readonly name: string
  readonly sha256: string
  readonly sizeBytes: number
  readonly source: Offer['source'] | 'local'
  readonly node?: string | undefined
  /** Of a file that was here: as the library sorts it. */
  readonly type?: ModelType | undefined
  readonly bytesBySource?: Readonly<Record<string, number>>
}

export const completedView = (file: Completed): JsonObject => ({
  status: 'completed',
  phase: 'done',
  progress: 1,
  path: file.path,
  filename: file.path.slice(file.path.lastIndexOf('/') + 1),
  name: file.name,
  ...(file.type === undefined ? {} : { type: file.type }),
  sha256: file.sha256,
  source: file.source,
  node: file.node ?? null,
  bytes_done: file.sizeBytes,
  bytes_total: file.sizeBytes,
  ...STANDING,
  ...(file.bytesBySource === undefined
    ? {}
    : { sources: Object.entries(file.bytesBySource).map(([id, bytes]) => ({ id, bytes })) }),
})

export interface Unfetched {
  readonly reasonCode: RefusalReason | null
  readonly reason: string
  readonly hint?: string | undefined
  readonly until?: number | undefined
  readonly candidates?: readonly OfferCandidate[]
}

/** How far a file of this host is that is read to see whether it is the one. */
export const readingView = (done: number, total: number): JsonObject => ({
  phase: 'hashing',
  hashed_bytes: done,
  bytes_to_hash: total,
})

/** Blocked, or several models may be meant: somebody has to do something. */
export const blockedView = ({ reasonCode, reason, hint, until, candidates = [] }: Unfetched): JsonObject => ({
  status: 'partially_completed',
  phase: 'done',
  ...STANDING,
  reason_code: reasonCode,
  reason,
  ...(hint === undefined ? {} : { hint }),
  ...(until === undefined ? {} : { until: toIso(until) }),
  ...(candidates.length === 0 ? {} : { candidates: candidates.map(fromJson) }),
})
