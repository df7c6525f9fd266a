import { and, asc, eq, gt, inArray, isNotNull, isNull, sql, sum } from 'drizzle-orm'
import * as v from 'valibot'
import { toAppError } from '../../errors.ts'
import type { FileDigest } from '../../hash/whole-file.ts'
import type { JobEnd, JobKind, RunningJob } from '../../jobs/job.ts'
import { inParallel } from '../../lib/in-parallel.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { HashQueue } from '../hash-queue.ts'
import { ROTTEN } from '../inspect/inspection.ts'
import { createDigestKeeper, type DigestKeeper, storeFault } from '../library/digests.ts'
import { listedPathOf, type ModelRow } from '../library/rows.ts'
import type { LibraryDeps } from '../library/take-changes.ts'
import { modelFilesTable as files } from '../table.ts'

export const VERIFY_KIND = 'verify'

export const verifyInputSchema = v.object({
  /** Real paths; every file with digests where empty. */
  paths: v.array(v.string()),
})
export type VerifyInput = v.InferOutput<typeof verifyInputSchema>

export interface VerifyJobDeps extends LibraryDeps {
  readonly queue: HashQueue
  /** Reads headers of files whose state is not known. */
  readonly inspectAll: (signal: AbortSignal) => Promise<unknown>
  /** Files that are asked for at once: the queue chooses among them. */
  readonly window: number
}

export const firstVerifyView = (): JsonObject => ({ status: 'analyzing', phase: 'verifying', progress: 0, checked: 0 })

/** Mismatches in the job object: a broken disk has thousands. */
const MAX_SHOWN = 100
const PAGE = 100

/** Reads files again and compares them with their digests; gives BLAKE3 and CRC-32 of each on the way. */
export function createVerifyJob(deps: VerifyJobDeps): JobKind<VerifyInput> {
  return {
    kind: VERIFY_KIND,
    prefix: 'verify',
    permission: 'models:read',
    concurrency: 1,
    input: verifyInputSchema,
    run: (job) => runVerify(job, deps),
    ended: (view, how, error) => ({ ...view, status: how, error: error.message, error_code: error.code }),
    reopened: firstVerifyView,
    paused: (view) => ({ ...view, status: 'paused' }),
  }
}

interface Tally {
  checked: number
  checkedBytes: number
  mismatched: number
  unreadable: number
  repaired: boolean
  readonly mismatches: JsonObject[]
}

async function runVerify(job: RunningJob<VerifyInput>, deps: VerifyJobDeps): Promise<JobEnd> {
  const { signal, input } = job
  const where = and(
    eq(files.instanceId, deps.instanceId()),
    isNull(files.goneAt),
    isNotNull(files.sha256),
    input.paths.length === 0 ? undefined : inArray(files.path, input.paths),
  )
  const [total] = await deps.db.read
    .select({ files: sql<number>`count(*)`, bytes: sum(files.sizeBytes) })
    .from(files)
    .where(where)
  const bytesTotal = Number(total?.bytes ?? 0)
  const tally: Tally = { checked: 0, checkedBytes: 0, mismatched: 0, unreadable: 0, repaired: false, mismatches: [] }
  const view = (partly = 0): JsonObject => ({
    status: 'analyzing',
    phase: 'verifying',
    progress:
      bytesTotal === 0 ? 1 : Math.min(1, Math.round(((tally.checkedBytes + partly) / bytesTotal) * 1000) / 1000),
    hashed_bytes: tally.checkedBytes + partly,
    bytes_to_hash: bytesTotal,
    files_to_check: total?.files ?? 0,
    checked: tally.checked,
    mismatched: tally.mismatched,
    unreadable: tally.unreadable,
    mismatches: [...tally.mismatches],
  })
  await job.save(view())
  const keeper = createDigestKeeper(deps)
  let after = ''
  while (true) {
    const rows = await deps.db.read
      .select()
      .from(files)
      .where(and(where, gt(files.path, after)))
      .orderBy(asc(files.path))
      .limit(PAGE)
    const partly = new Map<string, number>()
    const show = (): void => job.show(view([...partly.values()].reduce((sum, bytes) => sum + bytes, 0)))
    await inParallel(rows, deps.window, async (row) => {
      signal.throwIfAborted()
      const onBytes = (done: number): void => {
        partly.set(row.path, done)
        show()
      }
      await check(row, deps, { tally, keeper }, { signal, onBytes })
      partly.delete(row.path)
      show()
    })
    const last = rows.at(-1)
    if (last === undefined) break
    after = last.path
    await job.save(view(), { advanced: true })
  }
  // Their states are what the headers say again.
  if (tally.repaired) await deps.inspectAll(signal)
  const isGood = tally.mismatched === 0 && tally.unreadable === 0
  return {
    status: 'succeeded',
    view: { ...view(), status: isGood ? 'completed' : 'partially_completed', phase: 'done', progress: 1 },
  }
}

async function check(
  row: ModelRow,
  deps: VerifyJobDeps,
  { tally, keeper }: { readonly tally: Tally; readonly keeper: DigestKeeper },
  options: { readonly signal: AbortSignal; readonly onBytes: (done: number) => void },
): Promise<void> {
  let found: FileDigest | undefined
  try {
    found = await deps.queue.digest(row, { ...options, priority: 'background', all: true })
  } catch (error) {
    options.signal.throwIfAborted()
    tally.unreadable += 1
    await storeFault(deps, row, error)
    note(tally, { path: listedPathOf(row), reason: toAppError(error).message })
  }
  tally.checked += 1
  tally.checkedBytes += row.sizeBytes
  if (found === undefined) return
  if (found.sha256 === row.sha256) {
    if ((await keeper.store(row.path, found)) && row.fault?.startsWith(ROTTEN) === true) {
      await lookAgainAt(deps, row)
      tally.repaired = true
    }
    return
  }
  tally.mismatched += 1
  const isUnchanged = found.sizeBytes === row.sizeBytes && found.modifiedUs === row.modifiedUs
  note(tally, {
    path: listedPathOf(row),
    expected: row.sha256,
    found: found.sha256,
    reason: isUnchanged
      ? 'Its bytes are others, although its size and time are the same: the disk or the copy is damaged'
      : 'It was replaced since it was hashed: scan_models takes the new file',
  })
  if (isUnchanged) await markCorrupt(deps, row, found)
}

function note(tally: Tally, mismatch: JsonObject): void {
  if (tally.mismatches.length < MAX_SHOWN) tally.mismatches.push(mismatch)
}

async function lookAgainAt({ db, instanceId }: LibraryDeps, { path }: ModelRow): Promise<void> {
  await db.write(async (tx) => {
    await tx
      .update(files)
      .set({ state: 'ok', fault: null, inspectedAt: null })
      .where(and(eq(files.instanceId, instanceId()), eq(files.path, path)))
  })
}

/** The digests stay what the file should have: whoever repairs it can compare. */
async function markCorrupt({ db, clock, instanceId }: LibraryDeps, row: ModelRow, found: FileDigest): Promise<void> {
  await db.write(async (tx) => {
    await tx
      .update(files)
      .set({
        state: 'corrupt',
        fault: `${ROTTEN}: they are ${found.sha256} now`,
        updatedAt: clock.now(),
      })
      .where(
        and(
          eq(files.instanceId, instanceId()),
          eq(files.path, row.path),
          // It may have been replaced, and hashed again, since the page with its row was read.
          eq(files.sha256, row.sha256 ?? ''),
          eq(files.sizeBytes, row.sizeBytes),
          eq(files.modifiedUs, row.modifiedUs),
        ),
      )
  })
}
