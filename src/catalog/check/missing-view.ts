import * as v from 'valibot'
import { fromJson, type JsonObject } from '../../lib/json.ts'
import type { DownloadOutcome, DownloadState } from '../../models/fetch/downloads.ts'

export const missingInputSchema = v.object({
  ordered: v.array(
    v.object({
      job_id: v.string(),
      expected: v.string(),
      file_paths: v.array(v.string()),
      in_the_way: v.exactOptional(v.string()),
    }),
  ),
  left_out: v.array(v.object({ file_path: v.string(), expected: v.string(), reason: v.string() })),
})
export type MissingInput = v.InferOutput<typeof missingInputSchema>

/** A file as the job object shows it: in the words of a dependency. */
export type ShownFile = JsonObject & { status: string; bytes_done: number; bytes_total: number }

export const waiting = ({ job_id, expected, file_paths }: MissingInput['ordered'][number]): ShownFile => ({
  reference: expected,
  filename: expected,
  status: 'download_scheduled',
  download_job_id: job_id,
  file_paths,
  bytes_done: 0,
  bytes_total: 0,
  reason_code: null,
  reason: null,
})

export const firstMissingView = ({ ordered, left_out }: MissingInput): JsonObject => ({
  status: 'downloading',
  phase: 'waiting',
  progress: 0,
  dependencies: ordered.map(waiting),
  left_out: left_out.map(fromJson),
})

const PAUSED = 'Its download is paused: retry_model_job with its download_job_id goes on with it'

/** What a state of a download makes of its file. */
export const underWay = ({ status, bytesDone, bytesTotal }: DownloadState): JsonObject => ({
  status: status === 'downloading' || status === 'verifying' ? status : 'download_scheduled',
  reason: status === 'paused' ? PAUSED : null,
  bytes_done: bytesDone,
  bytes_total: bytesTotal ?? 0,
})

/** What the end of a download makes of its file. */
export function endOf(outcome: DownloadOutcome, inTheWay: string | undefined): JsonObject {
  switch (outcome.status) {
    case 'completed': {
      const { path, name, sha256, sizeBytes, source, node } = outcome
      return {
        status: 'resolved',
        resolved_path: path,
        resolved_name: name,
        resolved_source: source,
        ...(node === undefined ? {} : { resolved_node: node }),
        sha256,
        bytes_done: sizeBytes,
        bytes_total: sizeBytes,
        ...noteOn(path, source, inTheWay),
      }
    }
    case 'blocked':
      return { status: 'blocked', reason_code: outcome.reasonCode, reason: outcome.reason }
    case 'failed':
      return { status: 'failed', reason: outcome.reason }
    case 'cancelled':
    case 'paused':
      return { status: 'failed', reason: `Its download was ${outcome.status}: retry_model_job goes on with it` }
  }
}

function noteOn(path: string, source: string, inTheWay: string | undefined): JsonObject {
  if (inTheWay !== undefined && inTheWay !== path) {
    return { reason: `It is whole as ${path}: ${inTheWay} is damaged or unfinished, and stays until you remove it` }
  }
  return source === 'local' ? { reason: `The same file was here already: nothing was fetched for ${path}` } : {}
}

/** By bytes where they are known of all files, else by files. */
export function progressOf(files: readonly ShownFile[]): number {
  if (files.length === 0) return 1
  const share = ({ status, bytes_done: done, bytes_total: total }: ShownFile): number =>
    ENDED.has(status) ? 1 : total > 0 ? Math.min(1, done / total) : 0
  return Math.round((files.reduce((sum, file) => sum + share(file), 0) / files.length) * 1000) / 1000
}

const ENDED: ReadonlySet<string> = new Set(['resolved', 'blocked', 'failed'])
