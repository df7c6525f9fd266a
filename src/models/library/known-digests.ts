import { and, type Column, gte, isNotNull, lt, or } from 'drizzle-orm'
import type { Db } from '../../db/db.ts'
import type { Sha256, TensorSha256 } from '../../hash/digest.ts'
import { modelFilesTable as files } from '../table.ts'
import type { ModelRow } from './rows.ts'

export interface ModelDigests {
  readonly sha256: Sha256
  readonly tensorSha256: TensorSha256 | undefined
  readonly autoV1: string | undefined
  readonly blake3?: string | undefined
  readonly crc32?: string | undefined
  /** Only the file's name told of `sha256`: the others may exist and are not known yet. */
  readonly incomplete?: true
}

export const toDigests = (
  row: Pick<ModelRow, 'sha256' | 'tensorSha256' | 'autoV1' | 'hashedAt'> & Partial<Pick<ModelRow, 'blake3' | 'crc32'>>,
): ModelDigests | undefined =>
  row.sha256 === null
    ? undefined
    : {
        sha256: row.sha256 as Sha256,
        tensorSha256: (row.tensorSha256 ?? undefined) as TensorSha256 | undefined,
        autoV1: row.autoV1 ?? undefined,
        ...(row.blake3 == null ? {} : { blake3: row.blake3 }),
        ...(row.crc32 == null ? {} : { crc32: row.crc32 }),
        ...(row.hashedAt === null ? { incomplete: true as const } : {}),
      }

/** Shorter beginnings are shared by chance. */
const SHORTEST_HASH = 10

/**
 * Full digests of the file, on any host of this database, whose SHA-256, of the whole or of its tensors, begins with
 * `hash` (lower-case hex, 10 digits or more). Undefined where no file that was read does, or files with different bytes.
 */
export async function findFullDigests({ read }: Pick<Db, 'read'>, hash: string): Promise<ModelDigests | undefined> {
  if (hash.length < SHORTEST_HASH) return undefined
  // `g` is the letter behind the last digit: an index finds what lies between.
  const begins = (column: Column) => and(isNotNull(column), gte(column, hash), lt(column, `${hash}g`))
  const rows = await read
    .select({ sha256: files.sha256, tensorSha256: files.tensorSha256, autoV1: files.autoV1, hashedAt: files.hashedAt })
    .from(files)
    .where(or(begins(files.sha256), begins(files.tensorSha256)))
    .limit(50)
  const [first] = rows
  if (first === undefined || rows.some(({ sha256 }) => sha256 !== first.sha256)) return undefined
  return toDigests(first)
}
