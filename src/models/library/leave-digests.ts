import { setImmediate } from 'node:timers/promises'
import { and, asc, eq, gt, isNotNull, isNull } from 'drizzle-orm'
import { modelFilesTable as files } from '../table.ts'
import type { VolumeDigests } from './merge-row.ts'
import type { LibraryDeps } from './take-changes.ts'

/** Rows that are read between two turns of the event loop. */
const PAGE = 500

const LEFT = {
  path: files.path,
  relative: files.relative,
  sizeBytes: files.sizeBytes,
  modifiedUs: files.modifiedUs,
  sha256: files.sha256,
  tensorSha256: files.tensorSha256,
  autoV1: files.autoV1,
  blake3: files.blake3,
  crc32: files.crc32,
  sample: files.sample,
}

/** Digests of the files below a root that were read, by path below it: what a volume is to carry along. */
export async function* digestsOf(
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  root: string,
): AsyncGenerator<{ readonly relative: string } & VolumeDigests> {
  let after = ''
  while (true) {
    const rows = await db.read
      .select(LEFT)
      .from(files)
      .where(
        and(
          eq(files.instanceId, instanceId()),
          gt(files.path, after),
          eq(files.root, root),
          isNull(files.goneAt),
          isNotNull(files.sha256),
          isNotNull(files.hashedAt),
        ),
      )
      .orderBy(asc(files.path))
      .limit(PAGE)
    for (const { sha256, ...row } of rows) {
      if (sha256 === null) continue
      yield {
        relative: row.relative,
        sizeBytes: row.sizeBytes,
        modifiedUs: row.modifiedUs,
        sha256,
        tensorSha256: row.tensorSha256 ?? undefined,
        autoV1: row.autoV1 ?? undefined,
        blake3: row.blake3 ?? undefined,
        crc32: row.crc32 ?? undefined,
        sample: row.sample ?? undefined,
      }
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return
    after = last.path
    await setImmediate()
  }
}
