import { lstat } from 'node:fs/promises'
import { and, desc, eq } from 'drizzle-orm'
import type { Db } from '../../db/db.ts'
import type { Clock } from '../../lib/clock.ts'
import { inParallel } from '../../lib/in-parallel.ts'
import { downloadedFilesTable as files } from './table.ts'

export type DownloadedRow = typeof files.$inferSelect

/** The files that this host has downloaded. */
export interface DownloadedFiles {
  record(file: Omit<DownloadedRow, 'instanceId' | 'downloadedAt'>): Promise<void>
  /** What was fetched from a source and is still there as it was put there, by its size; the last one. */
  findBySource(sourceId: string): Promise<DownloadedRow | undefined>
  /** Bytes that downloads have on the disk: whole files, and what is there of those under way. */
  usedBytes(): Promise<number>
}

export interface DownloadedFilesDeps {
  readonly db: Pick<Db, 'read' | 'write'>
  readonly clock: Clock
  readonly instanceId: () => string
  /** Absolute paths of files that are being received. */
  readonly parts: () => readonly string[]
}

/** Disks answer that many questions at once as fast as any. */
const AT_ONCE = 16

const BLOCK_BYTES = 512

export function createDownloadedFiles({ db, clock, instanceId, parts }: DownloadedFilesDeps): DownloadedFiles {
  return {
    async record(file) {
      const row: DownloadedRow = { ...file, instanceId: instanceId(), downloadedAt: clock.now() }
      await db.write(async (tx) => {
        await tx
          .insert(files)
          .values(row)
          .onConflictDoUpdate({ target: [files.instanceId, files.path], set: row })
      })
    },
    async findBySource(sourceId) {
      const rows = await db.read
        .select()
        .from(files)
        .where(and(eq(files.instanceId, instanceId()), eq(files.sourceId, sourceId)))
        .orderBy(desc(files.downloadedAt))
      for (const row of rows) if ((await sizeOf(row.path))?.whole === row.sizeBytes) return row
      return undefined
    },
    async usedBytes() {
      const rows = await db.read.select({ path: files.path }).from(files).where(eq(files.instanceId, instanceId()))
      let used = 0
      // Whoever has removed a file has its room back.
      await inParallel(rows, AT_ONCE, async ({ path }) => {
        used += (await sizeOf(path))?.whole ?? 0
      })
      await inParallel(parts(), AT_ONCE, async (path) => {
        used += (await sizeOf(path))?.used ?? 0
      })
      return used
    },
  }
}

/** Parts have holes where nothing has come yet. */
async function sizeOf(path: string): Promise<{ readonly whole: number; readonly used: number } | undefined> {
  try {
    const { size, blocks } = await lstat(path)
    return { whole: size, used: Math.min(size, blocks * BLOCK_BYTES) }
  } catch {
    return undefined
  }
}
