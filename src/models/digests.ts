import { and, type Column, eq, gte, lt, or } from 'drizzle-orm'
import type { Db } from '../db/db.ts'
import { toAppError } from '../errors.ts'
import type { Sha256, TensorSha256 } from '../hash/digest.ts'
import type { HashPool } from '../hash/pool.ts'
import type { FileDigest } from '../hash/whole-file.ts'
import type { Clock } from '../lib/clock.ts'
import { modelFilesTable } from './table.ts'
import type { FoundModel } from './walk.ts'

export interface ModelDigests {
  readonly sha256: Sha256
  readonly tensorSha256: TensorSha256 | undefined
  readonly autoV1: string | undefined
}

/** What reading a file gave: among thousands one that cannot be read is expected, and `fault` says why. */
export type Computed = { readonly digests: ModelDigests } | { readonly fault: string }

/** Digests of this host's model files: each file is read once as long as it does not change. */
export interface DigestStore {
  /** Those of the files whose digests are known and still hold. Reads no file. */
  known(files: readonly FoundModel[]): Promise<Map<string, ModelDigests>>
  /** Reads the file and keeps its digests. @throws the signal's reason, and what Db.write throws */
  compute(file: FoundModel, signal: AbortSignal, onBytes?: (done: number) => void): Promise<Computed>
  /**
   * Full digests of the file whose SHA-256, of the whole or of its tensors, begins with `hash` (lower-case hex, 10
   * digits or more). Undefined where no file that was read does, or files with different bytes do.
   */
  findByHash(hash: string): Promise<ModelDigests | undefined>
}

export interface DigestStoreDeps {
  readonly db: Db
  readonly hashes: Pick<HashPool, 'hashFile'>
  readonly clock: Clock
  readonly instanceId: () => string
}

/** Shorter beginnings are shared by chance. */
const SHORTEST_HASH = 10

export function createDigestStore({ db, hashes, clock, instanceId }: DigestStoreDeps): DigestStore {
  return {
    async known(files) {
      const rows = await db.read.select().from(modelFilesTable).where(eq(modelFilesTable.instanceId, instanceId()))
      const stored = new Map(rows.map((row) => [row.path, row]))
      const digests = new Map<string, ModelDigests>()
      for (const file of files) {
        const row = stored.get(file.path)
        if (row === undefined || row.sizeBytes !== file.sizeBytes || row.modifiedMs !== file.modifiedMs) continue
        digests.set(file.path, toDigests(row))
      }
      return digests
    },
    async findByHash(hash) {
      if (hash.length < SHORTEST_HASH) return undefined
      // `g` is the letter behind the last digit: an index finds what lies between.
      const begins = (column: Column) => and(gte(column, hash), lt(column, `${hash}g`))
      const rows = await db.read
        .select()
        .from(modelFilesTable)
        .where(or(begins(modelFilesTable.sha256), begins(modelFilesTable.tensorSha256)))
        .limit(50)
      const [first] = rows
      if (first === undefined || rows.some(({ sha256 }) => sha256 !== first.sha256)) return undefined
      return toDigests(first)
    },
    async compute(file, signal, onBytes) {
      let found: FileDigest
      try {
        found = await hashes.hashFile(file.path, {
          tensor: true,
          signal,
          ...(onBytes === undefined ? {} : { onProgress: onBytes }),
        })
      } catch (error) {
        signal.throwIfAborted()
        return { fault: toAppError(error).message }
      }
      const values = {
        sizeBytes: found.sizeBytes,
        modifiedMs: file.modifiedMs,
        sha256: found.sha256,
        tensorSha256: found.tensorSha256 ?? null,
        autoV1: found.autoV1 ?? null,
        hashedAt: clock.now(),
      }
      await db.write(async (tx) => {
        await tx
          .insert(modelFilesTable)
          .values({ instanceId: instanceId(), path: file.path, ...values })
          .onConflictDoUpdate({ target: [modelFilesTable.instanceId, modelFilesTable.path], set: values })
          .run()
      })
      return { digests: { sha256: found.sha256, tensorSha256: found.tensorSha256, autoV1: found.autoV1 } }
    },
  }
}

const toDigests = (row: typeof modelFilesTable.$inferSelect): ModelDigests => ({
  sha256: row.sha256 as Sha256,
  tensorSha256: (row.tensorSha256 ?? undefined) as TensorSha256 | undefined,
  autoV1: row.autoV1 ?? undefined,
})
