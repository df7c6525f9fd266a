import { basename } from 'node:path'
import { isAppError } from '../errors.ts'
import type { FileSource } from '../net/file-source.ts'
import type { Blocks } from './blocks.ts'
import { DifferentFile } from './different-file.ts'
import type { FetchFileDeps, Tally } from './fetch-file.ts'
import { fetchMissing } from './fetch-missing.ts'
import { checkUnproven, compareFile, isProven, mismatchError, withDeclared } from './judge-file.ts'
import { createLockWait } from './lock-wait.ts'
import { openPart, type Part } from './part.ts'
import { dropPart } from './part-files.ts'
import { placeFile } from './place.ts'
import { createPrefixHash, type FileHash } from './prefix-hash.ts'
import type { Progress } from './progress.ts'
import { quarantine } from './quarantine.ts'
import type { DownloadedFile, DownloadRequest, ExpectedFile } from './request.ts'
import { createSupply, type Supply } from './supply.ts'
import type { DownloadTuning } from './tuning.ts'

export interface AttemptDeps extends Omit<FetchFileDeps, 'tuning'> {
  readonly tuning: DownloadTuning
  readonly blocks: Blocks
  readonly progress: Progress
  readonly tally: Tally
  /** How much of the file there is can be asked from now on. */
  onPart(bytesDone: () => number): void
}

/** Fetches, verifies and places a file, going on with what there is of it. @throws DifferentFile; else as FetchFile */
export async function attemptDownload(
  deps: AttemptDeps,
  request: DownloadRequest,
  unmixed: boolean,
): Promise<DownloadedFile> {
  const { target, expected, signal } = request
  const wait = createLockWait({ forMs: deps.tuning.lockWaitMs, signal })
  const part = await openPart(target, expected, deps.clock, wait)
  deps.onPart(() => part.written.bytes())
  const sources = unmixed ? mostLikely(request.sources, deps.tally) : request.sources
  const supplies = sources.map((source) => createSupply(source, deps.tuning))
  const hash = createPrefixHash({
    hashes: deps.hashes,
    blocks: deps.blocks,
    path: part.path,
    read: part.read,
    prefix: part.written.prefix,
    written: part.written.bytes,
    saved: part.savedHash,
    tensor: expected.tensorSha256 !== undefined,
    sizeBytes: () => part.sizeBytes,
    lagMs: deps.tuning.hashLagMs,
    signal,
  })
  try {
    const declared = await fetchMissing(deps, { request, part, supplies, hash, unmixed })
    count(deps.tally, supplies.splice(0))
    const sizeBytes = part.sizeBytes ?? part.written.prefix()
    deps.progress.set({ phase: 'verifying', bytesTotal: sizeBytes, bytesPerSecond: 0, connections: 0 })
    await part.complete(sizeBytes)
    const [found] = await Promise.all([hash.finish(sizeBytes), part.sync(async () => undefined)])
    await judge(request, withDeclared(expected, declared), { part, found, sizeBytes })
    await placeFile({ from: part.path, target, signal })
    await part.forget()
    const { bytes: fetchedBytes, bySource: bytesBySource } = deps.tally
    return { path: target, ...found, sizeBytes, fetchedBytes, bytesBySource: { ...bytesBySource } }
  } catch (error) {
    count(deps.tally, supplies)
    if (!(error instanceof DifferentFile && error.fetched)) await keep(part, hash.save)
    throw error
  } finally {
    hash.dispose()
    await part.close()
  }
}

/** After wrong bytes: those of a source that had sent all of them, else those of somebody's disk, are tried last. */
function mostLikely(sources: readonly FileSource[], { bySource }: Tally): readonly FileSource[] {
  const asked = sources.filter(({ id }) => (bySource[id] ?? 0) > 0)
  const wrong = asked.length === 1 ? asked[0] : undefined
  const order = (source: FileSource): number => (source === wrong ? 2 : source.kind === 'remote' ? 1 : 0)
  return sources.toSorted((a, b) => order(a) - order(b))
}

interface Verdict {
  readonly part: Part
  readonly found: FileHash
  readonly sizeBytes: number
}

/** Wrong bytes go into quarantine, unless the upstream has replaced the file and they are the new one. */
async function judge(request: DownloadRequest, expected: ExpectedFile, verdict: Verdict): Promise<void> {
  const { part, found, sizeBytes } = verdict
  const mismatch = compareFile(expected, found, sizeBytes)
  const refreshed = mismatch === undefined ? undefined : await request.refreshExpected?.(request.signal)
  const isOf = (file: ExpectedFile): boolean => isProven(file) && compareFile(file, found, sizeBytes) === undefined
  let reason: unknown = mismatch === undefined ? undefined : mismatchError(mismatch)
  if (mismatch === undefined || (refreshed !== undefined && isOf(refreshed))) {
    const file = { path: part.path, sizeBytes, name: basename(request.target) }
    const damage: unknown = await checkUnproven(refreshed ?? expected, file).catch((error: unknown) => error)
    if (damage === undefined) return
    if (!isAppError(damage)) throw damage
    reason ??= damage
  }
  await quarantine(part.path, found.sha256)
  await part.forget()
  throw new DifferentFile({ mismatch, reason, fetched: true, refreshed })
}

function count(tally: Tally, supplies: readonly Supply[]): void {
  for (const { source, bytes } of supplies) {
    tally.bytes += bytes
    tally.bySource[source.id] = (tally.bySource[source.id] ?? 0) + bytes
  }
}

/**
 * What was received stays good for the next run; where even that fails, what was noted before does. Where nothing was,
 * nothing stays.
 */
async function keep(part: Part, save: Parameters<Part['sync']>[0]): Promise<void> {
  const note = async (): Promise<void> => {
    if (part.written.bytes() === 0) await dropPart(part.path)
    else if (part.unsynced() > 0) await part.sync(save)
  }
  try {
    await note().catch(async (error: unknown) => {
      if (!isAppError(error) || error.code !== 'disk_full') throw error
      await part.giveBack()
      await note()
    })
  } catch {
    // What was noted before is still true.
  }
}
