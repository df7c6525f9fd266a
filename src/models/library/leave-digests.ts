import { and, asc, eq, gt, isNotNull, isNull } from 'drizzle-orm'
import { modelFilesTable as files } from '../table.ts'
import type { VolumeDigests } from './merge-row.ts'
import type { LibraryDeps } from './take-changes.ts'

const PAGE = 2_000

/** Digests of the files below a root that were read, by path below it: what a volume is to carry along. */
export async function* digestsOf(
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  root: string,
): AsyncGenerator<{ readonly relative: string } & VolumeDigests> {
  let after = ''
  while (true) {
    const rows = await db.read
      .select()
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
    for (const row of rows) {
      if (row.sha256 === null) continue
      yield {
        relative: row.relative,
        sizeBytes: row.sizeBytes,
        modifiedUs: row.modifiedUs,
        sha256: row.sha256,
        tensorSha256: row.tensorSha256 ?? undefined,
        autoV1: row.autoV1 ?? undefined,
        blake3: row.blake3 ?? undefined,
        crc32: row.crc32 ?? undefined,
        sample: row.sample ?? undefined,
      }
    }
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.path
  }
}
