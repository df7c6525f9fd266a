import { placeholder, sql } from 'drizzle-orm'
import type { Db } from '../../../db/db.ts'
import { onFirstUse } from '../../../lib/on-first-use.ts'
import type { ModelState } from '../../../models/inspect/inspection.ts'
import type { ModelType } from '../../../models/model-file.ts'
import { modelFilesTable as files } from '../../../models/table.ts'

/** What the index of this host's model files has of one of them. */
export interface KnownFile {
  /** Real path, symlinks resolved. */
  readonly path: string
  readonly root: string
  readonly relative: string
  /** Other absolute paths that lead to the same bytes. */
  readonly aliases: readonly unknown[]
  readonly type: ModelType
  readonly sizeBytes: number
  readonly modifiedUs: number
  readonly state: ModelState
  readonly fault: string | null
  readonly sha256: string | null
  readonly civitaiVersionId: number | null
  /** When its header was read; null: not yet. */
  readonly inspectedAt: number | null
}

export interface KnownBy {
  /** SHA-256, lower-case hex. */
  readonly digests: readonly string[]
  readonly versions: readonly number[]
  /** Of names, in lower case. */
  readonly stems: readonly string[]
  /** Real paths. */
  readonly paths: readonly string[]
}

/** The files that the index knows by any of these, what nothing could load among them; all by indexes. */
export type FindKnownFiles = (by: KnownBy) => Promise<readonly KnownFile[]>

/** Of one kind: of half the world's repositories the only file is called `model`. */
const MOST = 5_000

/** Of each kind in one statement: a few milliseconds of the event loop. */
const AT_ONCE = 500

export interface KnownFilesDeps {
  readonly db: Pick<Db, 'read'>
  readonly instanceId: () => string
}

export function createKnownFiles({ db, instanceId }: KnownFilesDeps): FindKnownFiles {
  const list = (name: keyof KnownBy) => sql`json_each(${placeholder(name)}) as wanted`
  const limit = sql.raw(`limit ${MOST}`)
  // `cross join` keeps this order: from what is wanted to the index.
  const by = (column: string, name: keyof KnownBy) =>
    sql`select path from (select f.path from ${list(name)} cross join model_files as f
      where ${sql.raw(`f.${column} = wanted.value`)} ${limit})`
  const found = sql.join(
    [
      by('sha256', 'digests'),
      by('civitai_version_id', 'versions'),
      by('stem_key', 'stems'),
      sql`select path from (select n.path from ${list('stems')} cross join model_names as n
        where n.instance_id = ${placeholder('instance')} and n.stem_key = wanted.value ${limit})`,
      sql`select value as path from ${list('paths')}`,
    ],
    sql` union `,
  )
  const statement = onFirstUse(() =>
    db.read
      .select({
        path: files.path,
        root: files.root,
        relative: files.relative,
        aliases: files.aliases,
        type: files.type,
        sizeBytes: files.sizeBytes,
        modifiedUs: files.modifiedUs,
        state: files.state,
        fault: files.fault,
        sha256: files.sha256,
        civitaiVersionId: files.civitaiVersionId,
        inspectedAt: files.inspectedAt,
      })
      .from(files)
      .where(
        sql`${files.instanceId} = ${placeholder('instance')} and ${files.path} in (${found}) and +${files.goneAt} is null`,
      )
      .prepare(),
  )
  return async (wanted) => {
    const longest = Math.max(...Object.values(wanted).map((values) => values.length))
    const known = new Map<string, KnownFile>()
    for (let from = 0; from < longest; from += AT_ONCE) {
      const some = (values: readonly unknown[]): string => JSON.stringify(values.slice(from, from + AT_ONCE))
      const { digests, versions, stems, paths } = wanted
      const rows = await statement().execute({
        instance: instanceId(),
        digests: some(digests),
        versions: some(versions),
        stems: some(stems),
        paths: some(paths),
      })
      for (const row of rows) known.set(row.path, row)
    }
    return [...known.values()]
  }
}
