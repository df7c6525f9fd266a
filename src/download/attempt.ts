import { basename } from 'node:path'
import { isAppError } from '../errors.ts'
import type { FileSource } from '../net/file-source.ts'
import type { Blocks } from './blocks.ts'
import { checkModelFile } from './content-check.ts'
import { DifferentFile } from './different-file.ts'
import type { FetchFileDeps, Tally } from './fetch-file.ts'
import { fetchMissing } from './fetch-missing.ts'
import { compareFile, isProven, mismatchError, withDeclared } from './judge-file.ts'
import { openPart, type Part } from './part.ts'
import { placeFile, quarantine } from './place.ts'
import { createPrefixHash, type FileHash } from './prefix-hash.ts'
import type { Progress } from './progress.ts'
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
  const part = await openPart(target, expected, deps.clock)
  deps.onPart(() => part.written.bytes())
  // Whose bytes were wrong is not known: registries are more likely to have the right ones than somebody's disk.
  const order = (source: FileSource): number => (unmixed && source.kind === 'remote' ? 1 : 0)
  const sources = request.sources.toSorted((a, b) => order(a) - order(b))
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

interface Verdict {
  readonly part: Part
  readonly found: FileHash
  readonly sizeBytes: number
}

/** Wrong bytes go into quarantine, unless the upstream has replaced the file and they are the new one. */
async function judge(request: DownloadRequest, expected: ExpectedFile, verdict: Verdict): Promise<void> {
  const { part, found, sizeBytes } = verdict
  const mismatch = compareFile(expected, found, sizeBytes)
  let reason: unknown
  let refreshed: ExpectedFile | undefined
  if (mismatch !== undefined) {
    refreshed = await request.refreshExpected?.(request.signal)
    if (refreshed !== undefined && isProven(refreshed) && compareFile(refreshed, found, sizeBytes) === undefined) return
    reason = mismatchError(mismatch)
  } else if (!isProven(expected)) {
    // Without a digest the header is all that can tell a damaged file.
    reason = await checkModelFile(part.path, sizeBytes, basename(request.target)).catch((error: unknown) => error)
    if (reason !== undefined && !isAppError(reason)) throw reason
  }
  if (reason === undefined) return
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

/** What was received stays good for the next run; where even that fails, what was noted before does. */
async function keep(part: Part, save: Parameters<Part['sync']>[0]): Promise<void> {
  if (part.unsynced() === 0) return
  try {
    await part.sync(save).catch(async (error: unknown) => {
      if (!isAppError(error) || error.code !== 'disk_full') throw error
      await part.giveBack()
      await part.sync(save)
    })
  } catch {
    // What was noted before is still true.
  }
}
