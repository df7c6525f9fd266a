import { and, asc, count, eq, gt, isNotNull, isNull, max, sql, sum } from 'drizzle-orm'
import type { Db } from '../../db/db.ts'
import { onFirstUse } from '../../lib/on-first-use.ts'
import { isPickleName } from '../inspect/pickle.ts'
import { modelFilesTable as files } from '../table.ts'

/** What serving needs to know of a file; its claims, by far the most of a row, stay where they are. */
const COLUMNS = {
  path: files.path,
  root: files.root,
  relative: files.relative,
  name: files.name,
  type: files.type,
  aliases: files.aliases,
  sizeBytes: files.sizeBytes,
  modifiedUs: files.modifiedUs,
  state: files.state,
  sha256: files.sha256,
  tensorSha256: files.tensorSha256,
  baseModel: files.baseModel,
  license: files.license,
  civitai: files.civitai,
  digestSource: files.digestSource,
  inspectedAt: files.inspectedAt,
}

type Row = Pick<typeof files.$inferSelect, keyof typeof COLUMNS>

export type ServedRow = Row & { readonly sha256: string }

/** Changes with every change of the index, so far as counts and times can tell. */
export interface IndexVersion {
  readonly key: string
  /** When the row that was changed last was changed; 0 where there is none. */
  readonly changedAt: number
}

export interface ServedRows {
  version(): Promise<IndexVersion>
  /** Every file whose digest is known, in the order of their paths; a few at a time, since reading holds the event loop. */
  pages(): AsyncIterable<readonly ServedRow[]>
  /** Files with these bytes, in the order of their paths. */
  bySha256(sha256: string): Promise<readonly ServedRow[]>
  /** Digests of the files whose tensors have this digest. */
  byTensor(tensorSha256: string): Promise<readonly string[]>
}

export interface ServedRowsDeps {
  readonly db: Pick<Db, 'read'>
  readonly instanceId: () => string
  /** The model folders of this host, now: what was scanned elsewhere, or before the settings changed, stays here. */
  readonly roots: () => readonly string[]
}

/** Rows that are read and decoded in about a millisecond. */
const PAGE = 100

/** Files with the same tensors: nobody has more. */
const MAX_FILES = 200

export function createServedRows({ db, instanceId, roots }: ServedRowsDeps): ServedRows {
  const here = eq(files.instanceId, sql.placeholder('instance'))
  const isServed = and(here, isNotNull(files.sha256), isNull(files.goneAt))
  // The sign keeps SQLite from searching by the host, which nearly every row belongs to, instead of by the digest.
  const alsoHere = sql`+${files.instanceId} = ${sql.placeholder('instance')}`
  const asServed = (row: ServedRow): ServedRow => (isBelow(row, roots()) ? asKnown(row) : { ...row, state: 'partial' })
  const instance = (): { readonly instance: string } => ({ instance: instanceId() })
  // Of every row, since a file that is gone has changed too. The remainders stay within what a number holds.
  const version = onFirstUse(() =>
    db.read
      .select({ rows: count(), newest: max(files.updatedAt), sum: sum(sql`${files.updatedAt} % 1000000007`) })
      .from(files)
      .where(here)
      .prepare(),
  )
  const page = onFirstUse(() =>
    db.read
      .select(COLUMNS)
      .from(files)
      .where(and(isServed, gt(files.path, sql.placeholder('after'))))
      .orderBy(asc(files.path))
      .limit(PAGE)
      .prepare(),
  )
  const bySha256 = onFirstUse(() =>
    db.read
      .select(COLUMNS)
      .from(files)
      .where(and(eq(files.sha256, sql.placeholder('hash')), alsoHere, isNull(files.goneAt)))
      .prepare(),
  )
  const byTensor = onFirstUse(() =>
    db.read
      .select({ sha256: files.sha256 })
      .from(files)
      .where(and(eq(files.tensorSha256, sql.placeholder('hash')), alsoHere, isNull(files.goneAt)))
      .limit(MAX_FILES)
      .prepare(),
  )

  return {
    async version() {
      const [row] = await version().all(instance())
      return {
        key: `${instanceId()} ${JSON.stringify(roots())} ${row?.rows} ${row?.newest} ${row?.sum}`,
        changedAt: row?.newest ?? 0,
      }
    },
    async *pages() {
      let after = ''
      for (;;) {
        const rows = await page().all({ ...instance(), after })
        const last = rows.at(-1)
        if (last === undefined) return
        yield rows.filter(hasDigest).map(asServed)
        after = last.path
      }
    },
    async bySha256(hash) {
      const rows = await bySha256().all({ ...instance(), hash })
      return rows
        .filter(hasDigest)
        .map(asServed)
        .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    },
    async byTensor(hash) {
      const rows = await byTensor().all({ ...instance(), hash })
      return [...new Set(rows.flatMap(({ sha256 }) => sha256 ?? []))].sort()
    },
  }
}

/** Found below one of the folders, or below a folder within one of them. */
const isBelow = ({ root }: Pick<ServedRow, 'root'>, roots: readonly string[]): boolean =>
  roots.some((own) => root === own || root.startsWith(own.endsWith('/') ? own : `${own}/`))

const hasDigest = (row: Row): row is ServedRow => row.sha256 !== null

/**
 * A walk takes every file for good until its header was read. Until then one that is named like a pickle is one, and a
 * digest that only a volume or a name tells is not vouched for: no sample of the bytes was compared with it.
 */
function asKnown(row: ServedRow): ServedRow {
  if (row.inspectedAt !== null || row.state !== 'ok') return row
  if (isPickleName(row.relative)) return { ...row, state: 'pickle' }
  return row.digestSource === 'volume' || row.digestSource === 'blob_name' ? { ...row, state: 'partial' } : row
}
