import { and, eq, sql } from 'drizzle-orm'
import type { Db } from '../../db/db.ts'
import { AppError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { onFirstUse } from '../../lib/on-first-use.ts'
import { modelChunksTable } from './chunk-table.ts'
import { createSharedWork } from './shared-work.ts'

/** Chunks of 16 MiB: the hashes of a 24 GB model take 100 KB, and a chunk that fails is soon fetched again. */
export const CHUNK_BYTES = 16 * 1024 * 1024

export interface ChunkedFile {
  readonly sha256: string
  /** Real path. */
  readonly path: string
}

export interface ModelChunks {
  /** SHA-256 of each chunk, in order; lower-case hex. */
  readonly hashes: readonly string[]
  /** Of every chunk but the last, which may be shorter. */
  readonly chunkBytes: number
}

/** Chunk hashes by the digest of the whole: of one content they are computed once, whoever asks and however often. */
export interface ChunkHashes {
  /**
   * @throws AppError conflict: the bytes at the path are others than the index says; and what hashing throws
   */
  of(file: ChunkedFile, signal?: AbortSignal): Promise<ModelChunks>
  /** Those that were computed before. */
  stored(sha256: string): Promise<ModelChunks | undefined>
}

export interface ChunkHashesDeps {
  readonly db: Pick<Db, 'read' | 'write'>
  readonly clock: Clock
  readonly hashes: {
    hashChunks(
      path: string,
      options: { readonly chunkBytes: number; readonly exact: true; readonly signal: AbortSignal },
    ): Promise<{ readonly sha256: string; readonly sizeBytes: number; readonly chunks: readonly string[] }>
  }
  /** Told of a file that is not what the index says. */
  readonly onChanged?: (path: string) => void
}

export function createChunkHashes({ db, clock, hashes, onChanged }: ChunkHashesDeps): ChunkHashes {
  const shared = createSharedWork<readonly string[]>()
  const select = onFirstUse(() =>
    db.read
      .select({ hashes: modelChunksTable.hashes })
      .from(modelChunksTable)
      .where(and(eq(modelChunksTable.sha256, sql.placeholder('sha256')), eq(modelChunksTable.chunkBytes, CHUNK_BYTES)))
      .prepare(),
  )

  async function find(sha256: string): Promise<readonly string[] | undefined> {
    const [row] = await select().all({ sha256 })
    return row?.hashes.filter((hash) => typeof hash === 'string')
  }

  async function compute({ sha256, path }: ChunkedFile, signal: AbortSignal): Promise<readonly string[]> {
    const known = await find(sha256)
    if (known !== undefined) return known
    const { sha256: read, chunks } = await hashes.hashChunks(path, { chunkBytes: CHUNK_BYTES, exact: true, signal })
    if (read !== sha256) {
      onChanged?.(path)
      throw new AppError('conflict', 'The file is not what it was when it was hashed', {
        hint: 'scan_models reads it again',
      })
    }
    const values = { sha256, chunkBytes: CHUNK_BYTES, hashes: [...chunks], computedAt: clock.now() }
    await db.write(async (tx) => {
      await tx.insert(modelChunksTable).values(values).onConflictDoNothing()
    })
    return chunks
  }

  async function stored(sha256: string): Promise<ModelChunks | undefined> {
    const hashes = await find(sha256)
    return hashes === undefined ? undefined : { hashes, chunkBytes: CHUNK_BYTES }
  }

  return {
    stored,
    async of(file, signal) {
      const known = await stored(file.sha256)
      if (known !== undefined) return known
      const hashes = await shared.get(file.sha256, signal, (own) => compute(file, own))
      return { hashes, chunkBytes: CHUNK_BYTES }
    },
  }
}
