import { placeholder, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/db.ts'
import { onFirstUse } from '../../lib/on-first-use.ts'
import { USELESS_STATES } from '../inspect/inspection.ts'
import { modelFilesTable as files } from '../table.ts'
import { COMPARED, type ComparedRow } from './compared-rows.ts'

/** What files may be found by, all of one question. Digests are lower-case hex, stems in lower case. */
export interface FileHints {
  /** SHA-256 of the file or its tensors, or BLAKE3. */
  readonly digests: readonly string[]
  /** 10 or 12 digits of the first two. */
  readonly beginnings: readonly string[]
  /** AutoV1 or CRC-32. */
  readonly shorts: readonly string[]
  readonly versions: readonly number[]
  /** Of file names, or the names that trainers gave. */
  readonly stems: readonly string[]
}

/** Of half the world's repositories the only file is called `model`: what has a hash is found all the same. */
const MAX_NAMED = 5_000

/**
 * The files of this host that the index knows by any of the hints, each by an index and all in one statement: an import
 * asks for all of its models at once. Files that nothing could load are left out.
 */
export function createFileFinder({
  db,
  instanceId,
}: {
  readonly db: Pick<Db, 'read'>
  readonly instanceId: () => string
}) {
  const list = (name: keyof FileHints) => sql`json_each(${placeholder(name)}) as wanted`
  // `cross join` keeps this order: from what is wanted to the index.
  const by = (column: string, name: keyof FileHints) =>
    sql`select f.path from ${list(name)} cross join model_files as f where ${sql.raw(`f.${column} = wanted.value`)}`
  // `g` comes after every hexadecimal digit.
  const beginning = (column: string) =>
    sql`select f.path from ${list('beginnings')} cross join model_files as f
      where ${sql.raw(`f.${column} >= wanted.value and f.${column} < wanted.value || 'g'`)}`
  const some = (paths: SQL): SQL => sql`select path from (${paths} limit ${sql.raw(String(MAX_NAMED))})`
  const found = sql.join(
    [
      by('sha256', 'digests'),
      by('tensor_sha256', 'digests'),
      by('blake3', 'digests'),
      beginning('sha256'),
      beginning('tensor_sha256'),
      by('auto_v1', 'shorts'),
      by('crc32', 'shorts'),
      by('civitai_version_id', 'versions'),
      some(by('stem_key', 'stems')),
      some(by('output_name_key', 'stems')),
      some(sql`select n.path from ${list('stems')} cross join model_names as n
        where n.instance_id = ${placeholder('instance')} and n.stem_key = wanted.value`),
    ],
    sql` union `,
  )
  const statement = onFirstUse(() =>
    db.read
      .select(COMPARED)
      .from(files)
      .where(
        sql`${files.instanceId} = ${placeholder('instance')} and ${files.path} in (${found})
        and +${files.goneAt} is null and +${files.state} not in ${[...USELESS_STATES]}`,
      )
      .orderBy(files.path)
      .prepare(),
  )
  return async (hints: FileHints): Promise<readonly ComparedRow[]> => {
    if (Object.values(hints).every((list) => list.length === 0)) return []
    const { digests, beginnings, shorts, versions, stems } = hints
    return statement().execute({
      instance: instanceId(),
      digests: JSON.stringify(digests),
      beginnings: JSON.stringify(beginnings),
      shorts: JSON.stringify(shorts),
      versions: JSON.stringify(versions),
      stems: JSON.stringify(stems),
    })
  }
}
