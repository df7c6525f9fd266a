import { sql } from 'drizzle-orm'
import type { JsonObject } from '../lib/json.ts'
import { onFirstUse } from '../lib/on-first-use.ts'
import { auditTable } from './audit-table.ts'
import type { Db } from './db.ts'

export interface AuditEntry {
  readonly at: number
  readonly actor: string
  readonly op: string
  readonly table: string
  readonly rowId: string
  readonly before: JsonObject | null
  readonly after: JsonObject | null
}

export interface Audit {
  /** Inside a {@link Db.write}: the entry stands or falls with the change it tells of. */
  record(entry: AuditEntry): Promise<void>
}

export function createAudit(db: Pick<Db, 'writer'>): Audit {
  const insert = onFirstUse(() =>
    db.writer
      .insert(auditTable)
      .values({
        at: sql.placeholder('at'),
        actor: sql.placeholder('actor'),
        op: sql.placeholder('op'),
        table: sql.placeholder('table'),
        rowId: sql.placeholder('rowId'),
        before: sql.placeholder('before'),
        after: sql.placeholder('after'),
      })
      .prepare(),
  )
  return {
    async record(entry) {
      await insert().execute({ ...entry })
    },
  }
}
