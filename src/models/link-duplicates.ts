import { lstat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { and, asc, eq, isNull } from 'drizzle-orm'
import * as v from 'valibot'
import { toMicroseconds } from '../lib/file-numbers.ts'
import { type Call, defineOperation, type Operation } from '../operation/operation.ts'
import { asHashed, type HashedFile, joinCopy, removeLeftovers, whyNot } from './join-copies.ts'
import { keepNames } from './library/other-stems.ts'
import { listedPathOf, type ModelRow } from './library/rows.ts'
import type { LibraryDeps } from './library/take-changes.ts'
import { isThereTwice } from './list-models.ts'
import { modelFilesTable as files } from './table.ts'

interface Pair {
  readonly path: string
  readonly kept: string
}

interface Result {
  readonly linked: Pair[]
  readonly skipped: (Pair & { readonly reason: string })[]
  freed_bytes: number
}

const pair = { path: v.string(), kept: v.string() }

/** Joins copies of the same bytes, where the filesystem can: afterwards both names lead to one file. */
export function createLinkDuplicates(deps: LibraryDeps): Operation {
  let last: Promise<unknown> = Promise.resolve()
  return defineOperation({
    name: 'link_duplicates',
    summary: 'Join model files with the same bytes by hard links',
    description:
      'Replaces every copy of a model file by a hard link to the oldest one, where both are on one filesystem, have one owner and were hashed on this host; their bytes are compared first. Every name stays; the space of the copies is free. ' +
      'A file that changed since it was hashed is left alone. Before: list_models with duplicates, to see what is there twice. After: list_models with duplicates shows what could not be joined.',
    example: {},
    effect: 'write',
    permission: 'models:download',
    http: { method: 'post', path: '/v1/models/link-duplicates' },
    input: v.strictObject({}),
    output: v.object({
      linked: v.array(v.object(pair)),
      skipped: v.array(v.object({ ...pair, reason: v.string() })),
      /** Bytes that are free now. */
      freed_bytes: v.number(),
    }),
    run(_input, call) {
      // One after another: the second would take the first one's links for leftovers.
      const result = last.then(() => linkAll(deps, call))
      last = result.catch(() => {})
      return result
    },
  })
}

async function linkAll(deps: LibraryDeps, call: Call): Promise<Result> {
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
  try {
    return await linkRows(deps, rows, call)
  } finally {
    // Not before: one link less is a change of the file that was hashed.
    for (const folder of new Set(rows.map(({ path }) => dirname(path)))) await removeLeftovers(folder)
  }
}

async function linkRows(deps: LibraryDeps, rows: readonly ModelRow[], { signal, progress }: Call): Promise<Result> {
  const result: Result = { linked: [], skipped: [], freed_bytes: 0 }
  const total = rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  let done = 0
  const onBytes = (bytes: number): void => {
    done += bytes
    progress({ done: Math.min(done, total), total, unit: 'bytes', message: `joined ${result.linked.length} copies` })
  }
  /** Files that stay, of the digest that is looked at: one for each filesystem. */
  let kept: HashedFile[] = []
  for (const row of rows) {
    signal.throwIfAborted()
    if (kept[0]?.row.sha256 !== row.sha256) kept = []
    const copy = await asHashed(row)
    const [first] = kept
    if (copy === undefined) {
      result.skipped.push({
        path: row.path,
        kept: first?.row.path ?? row.path,
        reason: 'It changed since it was hashed',
      })
      continue
    }
    const target = kept.find(({ stats }) => stats.dev === copy.stats.dev)
    if (target === undefined) {
      kept.push(copy)
      if (first === undefined) continue
      result.skipped.push({ path: row.path, kept: first.row.path, reason: 'It is on another filesystem' })
      continue
    }
    const about = { path: row.path, kept: target.row.path }
    try {
      const isOneFile = target.stats.ino === copy.stats.ino
      const reason = isOneFile ? undefined : await whyNot(target, copy, { signal, onBytes })
      if (reason !== undefined) {
        result.skipped.push({ ...about, reason })
        continue
      }
      if (!isOneFile) {
        const { names, freed } = await joinCopy(target, copy)
        for (const path of names) result.linked.push({ ...about, path })
        if (freed) result.freed_bytes += row.sizeBytes
      }
      kept[kept.indexOf(target)] = await keepJoined(deps, target, row)
    } catch (error) {
      signal.throwIfAborted()
      const said = error instanceof Error && 'code' in error ? String(error.code) : 'the system refused'
      result.skipped.push({ ...about, reason: `It could not be joined: ${said}` })
    }
  }
  return result
}

/**
 * Makes the index say what the disk says: one file under both names. The copy's row stays for a walk that meets this
 * name first: its digests hold then. @returns the file that stays, as it is now
 */
async function keepJoined(deps: LibraryDeps, { row }: HashedFile, copy: ModelRow): Promise<HashedFile> {
  const stats = await lstat(row.path, { bigint: true })
  const now = deps.clock.now()
  const place = {
    modifiedUs: row.modifiedUs,
    changedUs: toMicroseconds(stats.ctimeNs),
    device: row.device,
    inode: row.inode,
  }
  const aliases = [...new Set([...row.aliases.map(String), listedPathOf(copy), ...copy.aliases.map(String)])]
  const joined = { ...row, ...place, aliases }
  await deps.db.write(async (tx) => {
    const isAt = (path: string) => and(eq(files.instanceId, deps.instanceId()), eq(files.path, path))
    await tx
      .update(files)
      .set({ ...place, aliases, updatedAt: now })
      .where(isAt(row.path))
    await keepNames(tx, [joined])
    await tx
      .update(files)
      .set({ ...place, goneAt: now, updatedAt: now })
      .where(isAt(copy.path))
  })
  return { row: joined, stats }
}
