import type { JobRow } from '../../jobs/job.ts'
import type { JsonObject } from '../../lib/json.ts'
import { REFUSAL_REASONS } from '../../net/file-source.ts'
import type { Completed } from './download-view.ts'
import type { DownloadOutcome, DownloadState } from './downloads.ts'

/** What a follower is told of a job object. */
export function stateOf({ status, phase, bytes_done: done, bytes_total: total }: JsonObject): DownloadState {
  return {
    status:
      status === 'paused'
        ? 'paused'
        : phase === 'downloading'
          ? 'downloading'
          : phase === 'verifying'
            ? 'verifying'
            : 'waiting',
    bytesDone: typeof done === 'number' ? done : 0,
    bytesTotal: typeof total === 'number' ? total : undefined,
  }
}

/** How a download ended, from its row. */
export function outcomeOf({ view }: Pick<JobRow, 'view'>): DownloadOutcome {
  const reason = typeof view.reason === 'string' ? view.reason : 'It has no reason'
  if (view.status === 'completed') {
    const { path, name, sha256, source, node, bytes_total: sizeBytes } = view
    return {
      status: 'completed',
      path: String(path),
      name: String(name),
      sha256: String(sha256),
      sizeBytes: Number(sizeBytes),
      source: source as Completed['source'],
      ...(typeof node === 'string' ? { node } : {}),
    }
  }
  const reasonCode = REFUSAL_REASONS.find((code) => code === view.reason_code)
  if (reasonCode !== undefined) {
    const until = typeof view.until === 'string' ? { until: Date.parse(view.until) } : {}
    return { status: 'blocked', reasonCode, reason, ...until }
  }
  return { status: view.status === 'cancelled' ? 'cancelled' : 'failed', reason }
}
