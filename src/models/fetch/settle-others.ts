import type { JobRow } from '../../jobs/job.ts'
import type { JobStore } from '../../jobs/store.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { type Completed, completedView, reopenedView } from './download-view.ts'

export interface FetchedNow {
  readonly jobId: string
  /** In whose name. */
  readonly owner: string
  readonly file: Completed
  /** Ids of the sources that it may have come from. */
  readonly sources: readonly string[]
}

/** Shows the file in jobs for the same content that ended without it. @returns the ids of those */
export type SettleOthers = (fetched: FetchedNow) => Promise<readonly string[]>

export interface SettleOthersDeps {
  readonly store: Pick<JobStore, 'findEndedOf' | 'change'>
  readonly kind: string
}

/** What callers see as the status of a job that ended without its file; one that was cancelled is wanted no more. */
const WITHOUT_FILE = ['partially_completed', 'failed'] as const
/** Of each so many of the newest are looked at. */
const MOST = 200

/**
 * A download that was blocked or failed is completed when another brings its file, be it that of an import that was
 * retried or of somebody else; only what a caller's own rights stand against is left to that caller.
 */
export function createSettleOthers({ store, kind }: SettleOthersDeps): SettleOthers {
  return async ({ jobId, owner, file, sources }) => {
    const { sha256 } = file
    const ended = await store.findEndedOf({ kind, states: WITHOUT_FILE, sha256, sources, limit: MOST })
    const settled: string[] = []
    for (const row of ended) {
      if (row.id === jobId || isPlaced(row) || !mayHave(row, owner)) continue
      const view: JsonObject = {
        ...reopenedView(row.view),
        ...completedView({ ...file, source: 'local', node: undefined }),
        fetched_by: jobId,
      }
      // Whoever retries it meanwhile finds the file too.
      await store.change(row.id, ['succeeded', 'failed'], 'succeeded', view, 'models:read')
      settled.push(row.id)
    }
    return settled
  }
}

/** It is wanted at a place of its own. */
const isPlaced = ({ input }: JobRow): boolean => isJsonObject(input.place) && input.place.exact === true

/** What nobody but the digest shows to be the same content is another owner's own: addresses may differ in a secret. */
const mayHave = ({ owner, view }: JobRow, fetchedFor: string): boolean =>
  owner === fetchedFor ||
  (typeof view.sha256 === 'string' && (view.reason_code === 'disk' || typeof view.reason_code !== 'string'))
