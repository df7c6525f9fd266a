import { eq } from 'drizzle-orm'
import type { Db } from '../db/db.ts'
import type { Sha256, TensorSha256 } from '../hash/digest.ts'
import type { HashPool } from '../hash/pool.ts'
import type { Clock } from '../lib/clock.ts'
import { modelFilesTable } from './table.ts'
import type { FoundModel } from './walk.ts'

export interface ModelDigests {
  readonly sha256: Sha256
  readonly tensorSha256: TensorSha256 | undefined
  readonly autoV1: string | undefined
}

/** Digests of this host's model files: each file is read once as long as it does not change. */
export interface DigestStore {
  /** Those of the files whose digests are known and still hold. Reads no file. */
  known(files: readonly FoundModel[]): Promise<Map<string, ModelDigests>>
  /** Reads the file and keeps its digests. @throws AppError as HashPool.hashFile does */
  compute(file: FoundModel, signal: AbortSignal, onBytes?: (done: number) => void): Promise<ModelDigests>
}

export interface DigestStoreDeps {
  readonly db: Db
  readonly hashes: Pick<HashPool, 'hashFile'>
  readonly clock: Clock
  readonly instanceId: () => string
}

export function createDigestStore({ db, hashes, clock, instanceId }: DigestStoreDeps): DigestStore {
  return {
    async known(files) {
      const rows = await db.read.select().from(modelFilesTable).where(eq(modelFilesTable.instanceId, instanceId()))
      const stored = new Map(rows.map((row) => [row.path, row]))
      const digests = new Map<string, ModelDigests>()
      for (const file of files) {
        const row = stored.get(file.path)
        if (row === undefined || row.sizeBytes !== file.sizeBytes || row.modifiedMs !== file.modifiedMs) continue
        digests.set(file.path, {
          sha256: row.sha256 as Sha256,
          tensorSha256: (row.tensorSha256 ?? undefined) as TensorSha256 | undefined,
          autoV1: row.autoV1 ?? undefined,
        })
      }
      return digests
    },
    async compute(file, signal, onBytes) {
      const found = await hashes.hashFile(file.path, {
        tensor: true,
        signal,
        ...(onBytes === undefined ? {} : { onProgress: onBytes }),
      })
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
      return { sha256: found.sha256, tensorSha256: found.tensorSha256, autoV1: found.autoV1 }
    },
  }
}
