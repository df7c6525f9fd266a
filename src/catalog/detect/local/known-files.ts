import { placeholder, sql } from 'drizzle-orm'
import type { Db } from '../../../db/db.ts'
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

/** The files that the index knows by any of these, what nothing could load among them; all by indexes, in one statement. */
export type FindKnownFiles = (by: KnownBy) => Promise<readonly KnownFile[]>

/** Of one kind: of half the world's repositories the only file is called `model`. */
const MOST = 5_000

export interface KnownFilesDeps {
  readonly db: Pick<Db, 'read'>
  readonly instanceId: () => string
}

export function createKnownFiles({ db, instanceId }: KnownFilesDeps): FindKnownFiles {
  const list = (name: keyof KnownBy) => sql`json_each(${placeholder(name)}) as wanted`
  const some = sql.raw(`limit ${MOST}`)
  // `cross join` keeps this order: from what is wanted to the index.
  const by = (column: string, name: keyof KnownBy) =>
    sql`select path from (select f.path from ${list(name)} cross join model_files as f
      where ${sql.raw(`f.${column} = wanted.value`)} ${some})`
  const found = sql.join(
    [
      by('sha256', 'digests'),
      by('civitai_version_id', 'versions'),
      by('stem_key', 'stems'),
      sql`select path from (select n.path from ${list('stems')} cross join model_names as n
        where n.instance_id = ${placeholder('instance')} and n.stem_key = wanted.value ${some})`,
      sql`select value as path from ${list('paths')}`,
    ],
    sql` union `,
  )
  const statement = db.read
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
    .prepare()
  return async (wanted) => {
    if (Object.values(wanted).every((values) => values.length === 0)) return []
    const { digests, versions, stems, paths } = wanted
    return statement.execute({
      instance: instanceId(),
      digests: JSON.stringify(digests),
      versions: JSON.stringify(versions),
      stems: JSON.stringify(stems),
      paths: JSON.stringify(paths),
    })
  }
}
