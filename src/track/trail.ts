import type { Audit } from '../db/audit.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Call } from '../operation/operation.ts'

/** A changed row as the outside sees it; null before its creation and after its removal. */
export interface Change {
  readonly table: 'prompts' | 'assets' | 'posts' | 'asset_stats'
  readonly rowId: string
  readonly before: object | null
  readonly after: object | null
}

/** Leaves the audit row of a change; inside the same write as the change. */
export const recordChange = (audit: Audit, call: Call, op: string, at: number, change: Change): Promise<void> =>
  audit.record({
    at,
    actor: call.actor.name,
    op,
    table: change.table,
    rowId: change.rowId,
    before: change.before as JsonObject | null,
    after: change.after as JsonObject | null,
  })
