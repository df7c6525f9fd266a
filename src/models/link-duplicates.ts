import { link, lstat, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { and, asc, eq, isNull } from 'drizzle-orm'
import * as v from 'valibot'
import { createId } from '../lib/id.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'
import type { ModelRow } from './library/rows.ts'
import type { LibraryDeps } from './library/take-changes.ts'
import { isThereTwice } from './list-models.ts'
import { modelFilesTable as files } from './table.ts'

export interface LinkDuplicatesDeps extends LibraryDeps {
  /** A few parts of a file's content as one digest; undefined where it cannot be read. */
  readonly sampleOf: (row: ModelRow, signal: AbortSignal) => Promise<string | undefined>
  /** Has the index look at the disk again. */
  readonly refresh: (signal: AbortSignal) => Promise<unknown>
}

const pathsSchema = v.array(v.looseObject({ path: v.string(), kept: v.string() }))

/** Joins copies of the same bytes, where the filesystem can: afterwards both names lead to one file. */
export function createLinkDuplicates(deps: LinkDuplicatesDeps): Operation {
  return defineOperation({
    name: 'link_duplicates',
    summary: 'Join model files with the same bytes by hard links',
    description:
      'Replaces every copy of a model file by a hard link to the oldest one, where both are on one filesystem and were hashed on this host. Every name stays; the space of the copies is free. ' +
      'A file that changed since it was hashed is left alone. Before: list_models with duplicates, to see what is there twice. After: list_models with duplicates shows what could not be joined.',
    example: {},
    effect: 'write',
    permission: 'models:download',
    http: { method: 'post', path: '/v1/models/link-duplicates' },
    input: v.strictObject({}),
    output: v.object({
      linked: pathsSchema,
      skipped: v.array(v.object({ path: v.string(), kept: v.string(), reason: v.string() })),
      /** Bytes that are free now. */
      freed_bytes: v.number(),
    }),
    async run(_input, call) {
      const rows = await deps.db.read
        .select()
        .from(files)
        .where(
          and(
            eq(files.instanceId, deps.instanceId()),
            isNull(files.goneAt),
            eq(files.digestSource, 'computed'),
            isThereTwice(deps),
          ),
        )
        .orderBy(asc(files.sha256), asc(files.modifiedUs), asc(files.path))
      const linked: { path: string; kept: string }[] = []
      const skipped: { path: string; kept: string; reason: string }[] = []
      let freed = 0
      let kept: ModelRow | undefined
      for (const row of rows) {
        call.signal.throwIfAborted()
        if (kept === undefined || kept.sha256 !== row.sha256) {
          kept = row
          continue
        }
        const reason = await linkInstead(kept, row, (of) => deps.sampleOf(of, call.signal))
        if (reason === undefined) {
          linked.push({ path: row.path, kept: kept.path })
          freed += row.sizeBytes
        } else skipped.push({ path: row.path, kept: kept.path, reason })
      }
      if (linked.length > 0) await deps.refresh(call.signal)
      return { linked, skipped, freed_bytes: freed }
    },
  })
}

/** Makes `copy` a second name of `kept`. @returns why it was not done */
async function linkInstead(
  kept: ModelRow,
  copy: ModelRow,
  sampleOf: (row: ModelRow) => Promise<string | undefined>,
): Promise<string | undefined> {
  try {
    const [device, otherDevice] = [await stillAsHashed(kept), await stillAsHashed(copy)]
    if (device === undefined) return 'The file to keep changed since it was hashed'
    if (otherDevice === undefined) return 'It changed since it was hashed'
    if (device !== otherDevice) return 'It is on another filesystem'
    const sample = await sampleOf(kept)
    if (sample === undefined || sample !== (await sampleOf(copy))) return 'Its bytes are not those that were hashed'
    const temporary = join(dirname(copy.path), `.airkeep-${createId('link')}`)
    await link(kept.path, temporary)
    try {
      await rename(temporary, copy.path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    return undefined
  } catch (error) {
    return `It could not be linked: ${error instanceof Error && 'code' in error ? String(error.code) : 'the system refused'}`
  }
}

/** Its device, unless anything about the file changed since the digests were read. */
async function stillAsHashed({ path, sizeBytes, modifiedUs, changedUs }: ModelRow): Promise<bigint | undefined> {
  const stats = await lstat(path, { bigint: true })
  const same =
    stats.isFile() &&
    Number(stats.size) === sizeBytes &&
    Number(stats.mtimeNs / 1000n) === modifiedUs &&
    Number(stats.ctimeNs / 1000n) === changedUs
  return same ? stats.dev : undefined
}
