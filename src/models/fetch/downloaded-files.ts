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
  /** Bytes that downloads have on the disk: whole files, and what is there of the others. */
  usedBytes(): Promise<number>
}

export interface DownloadedFilesDeps {
  readonly db: Pick<Db, 'read' | 'write'>
  readonly clock: Clock
  readonly instanceId: () => string
  /** Absolute paths of files that are being received. */
  readonly parts: () => readonly string[]
  /** Of those that earlier runs have left half done; the same may be among `parts`. */
  readonly leftParts?: () => Promise<readonly string[]>
}

/** Disks answer that many questions at once as fast as any. */
const AT_ONCE = 16

const BLOCK_BYTES = 512

export function createDownloadedFiles({
  db,
  clock,
  instanceId,
  parts,
  leftParts,
}: DownloadedFilesDeps): DownloadedFiles {
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
        const bytes = (await sizeOf(path))?.whole ?? 0
        used += bytes
      })
      const counted = new Set<string>()
      await inParallel([...parts(), ...((await leftParts?.()) ?? [])], AT_ONCE, async (path) => {
        const part = await sizeOf(path)
        if (part === undefined || counted.has(part.file)) return
        counted.add(part.file)
        used += part.used
      })
      return used
    },
  }
}

interface SizeOf {
  readonly whole: number
  readonly used: number
  /** The same for every name that it has. */
  readonly file: string
}

/** Parts have holes where nothing has come yet. */
async function sizeOf(path: string): Promise<SizeOf | undefined> {
  try {
    const { size, blocks, dev, ino } = await lstat(path)
    return { whole: size, used: Math.min(size, blocks * BLOCK_BYTES), file: `${dev}:${ino}` }
  } catch {
    return undefined
  }
}
