import { lstat } from 'node:fs/promises'
import { and, eq, inArray, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/db.ts'
import { toMicroseconds } from '../../lib/file-numbers.ts'
import type { ModelState } from '../inspect/inspection.ts'
import type { FileToHash } from '../library/digests.ts'
import type { LibraryReader } from '../library/reader.ts'
import { listedPathOf, type ModelRow } from '../library/rows.ts'
import type { ModelType } from '../model-file.ts'
import { modelFilesTable as files } from '../table.ts'
import { isOfType } from '../type-kinship.ts'

/** A file of this host with the bytes that are wanted. */
export interface LocalCopy {
  /** Absolute, as listed below its root. */
  readonly path: string
  /** As a UI lists it. */
  readonly name: string
  readonly sha256: string
  readonly sizeBytes: number
  /** As the library sorts it. */
  readonly type: ModelType
}

export interface WantedBytes {
  readonly sha256?: string | undefined
  readonly tensorSha256?: string | undefined
  readonly sizeBytes?: number | undefined
  readonly type: ModelType
}

export interface LocalCopies {
  /**
   * Of files whose digests are known, and of those of the very size that nobody has read yet: reading one takes less
   * than fetching it. Those of its type come first.
   * @throws the signal's reason
   */
  find(
    wanted: WantedBytes,
    signal: AbortSignal,
    onBytes?: (done: number, total: number) => void,
  ): Promise<LocalCopy | undefined>
  /** The file at a path, where it has these bytes still. */
  at(path: string, sha256: string): Promise<LocalCopy | undefined>
}

export interface LocalCopiesDeps {
  readonly db: Pick<Db, 'read'>
  readonly instanceId: () => string
  readonly reader: Pick<LibraryReader, 'hash'>
}

/** What a UI can load. */
const USABLE: readonly ModelState[] = ['ok', 'pickle']

/** Files of one size that are read at most: more are no models. */
const MOST_READ = 4

export function createLocalCopies({ db, instanceId, reader }: LocalCopiesDeps): LocalCopies {
  const isUsable = and(isNull(files.goneAt), inArray(files.state, [...USABLE]))
  // With the sign SQLite leaves the indexes of the host alone, which lead to all of its files.
  const isHere = () => sql`+${files.instanceId} = ${instanceId()}`

  const rowsWith = (has: SQL): Promise<ModelRow[]> =>
    db.read
      .select()
      .from(files)
      .where(and(has, isHere(), isUsable, isNotNull(files.sha256)))
      .limit(100)

  async function byDigest({ sha256, tensorSha256, type }: WantedBytes): Promise<LocalCopy | undefined> {
    if (sha256 === undefined && tensorSha256 === undefined) return undefined
    const rows = await rowsWith(
      sha256 === undefined ? eq(files.tensorSha256, tensorSha256 ?? '') : eq(files.sha256, sha256),
    )
    return firstThere(rows.toSorted((a, b) => rank(a, type) - rank(b, type)))
  }

  /** Files of the size whose digests are not known. @returns whether any was read */
  async function readThose(
    sizeBytes: number,
    signal: AbortSignal,
    onBytes?: (done: number, total: number) => void,
  ): Promise<boolean> {
    const rows: FileToHash[] = await db.read
      .select()
      .from(files)
      .where(and(eq(files.instanceId, instanceId()), eq(files.sizeBytes, sizeBytes), isUsable, isNull(files.hashedAt)))
      .limit(MOST_READ)
    for (const [at, row] of rows.entries()) {
      const tell = (done: number): void => onBytes?.(at * sizeBytes + done, rows.length * sizeBytes)
      await reader.hash(row, { priority: 'now', signal, onBytes: tell })
    }
    return rows.length > 0
  }

  return {
    async find(wanted, signal, onBytes) {
      const known = await byDigest(wanted)
      if (known !== undefined || wanted.sizeBytes === undefined) return known
      if (wanted.sha256 === undefined && wanted.tensorSha256 === undefined) return undefined
      return (await readThose(wanted.sizeBytes, signal, onBytes)) ? byDigest(wanted) : undefined
    },
    async at(path, sha256) {
      const rows = await rowsWith(eq(files.sha256, sha256))
      const isAt = (row: ModelRow): boolean => [listedPathOf(row), row.path, ...row.aliases.map(String)].includes(path)
      return firstThere(rows.filter(isAt))
    },
  }
}

/** It may have been removed or replaced since it was looked at. */
async function firstThere(rows: readonly ModelRow[]): Promise<LocalCopy | undefined> {
  for (const row of rows) {
    if (row.sha256 !== null && (await isThere(row))) return { ...toCopy(row), sha256: row.sha256 }
  }
  return undefined
}

async function isThere({ path, sizeBytes, modifiedUs }: ModelRow): Promise<boolean> {
  const stats = await lstat(path, { bigint: true }).catch(() => undefined)
  return stats?.isFile() === true && Number(stats.size) === sizeBytes && toMicroseconds(stats.mtimeNs) === modifiedUs
}

const rank = (row: ModelRow, type: ModelType): number => (row.type === type ? 0 : isOfType(type, row.type) ? 1 : 2)

const toCopy = (row: ModelRow): Omit<LocalCopy, 'sha256'> => ({
  path: listedPathOf(row),
  name: row.name,
  sizeBytes: row.sizeBytes,
  type: row.type,
})
