import { isAppError } from '../errors.ts'
import type { HashPool } from '../hash/pool.ts'
import type { Clock } from '../lib/clock.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import { attemptDownload } from './attempt.ts'
import type { Bandwidth } from './bandwidth.ts'
import { createBlocks } from './blocks.ts'
import { cancelled } from './cancelled.ts'
import { DifferentFile } from './different-file.ts'
import { findThere } from './file-there.ts'
import type { HostLimits } from './host-limits.ts'
import { mismatchError } from './judge-file.ts'
import { startProgress } from './progress.ts'
import type { DownloadedFile, DownloadRequest, ExpectedFile, FetchFile } from './request.ts'
import type { DiskSpace } from './space.ts'
import { DEFAULT_TUNING, type DownloadTuning } from './tuning.ts'

export interface FetchFileDeps {
  readonly fetch: GuardedFetch
  readonly hashes: Pick<HashPool, 'createStreamHasher' | 'followFile' | 'hashFile'>
  readonly space: DiskSpace
  readonly bandwidth: Bandwidth
  readonly hosts: HostLimits
  /** Connections of one download. */
  readonly maxRanges: number
  readonly clock: Clock
  readonly tuning?: Partial<DownloadTuning> | undefined
}

/** Received so far, over all attempts. */
export interface Tally {
  bytes: number
  readonly bySource: Record<string, number>
}

export function createFetchFile(deps: FetchFileDeps): FetchFile {
  const tuning = { ...DEFAULT_TUNING, ...deps.tuning }
  const blocks = createBlocks(tuning.blockBytes)
  const thereDeps = { hashes: deps.hashes, lockWaitMs: tuning.lockWaitMs }

  async function fetchFile(request: DownloadRequest): Promise<DownloadedFile> {
    const there = await findThere(request, thereDeps)
    if (there !== undefined) return there
    let bytesDone = (): number => 0
    const progress = startProgress(request.onProgress, () => ({ bytesDone: bytesDone() }))
    const tally: Tally = { bytes: 0, bySource: Object.fromEntries(request.sources.map(({ id }) => [id, 0])) }
    const attempt = (expected: ExpectedFile, unmixed: boolean): Promise<DownloadedFile> =>
      attemptDownload(
        { ...deps, tuning, blocks, progress, tally, onPart: (count) => (bytesDone = count) },
        { ...request, expected, refreshExpected: unmixed ? undefined : request.refreshExpected },
        unmixed,
      )
    try {
      return await attempt(request.expected, false)
    } catch (error) {
      // Somebody else may have put the very file there meanwhile.
      const came = isAppError(error) && error.code === 'conflict' ? await findThere(request, thereDeps) : undefined
      if (came !== undefined) return { ...came, fetchedBytes: tally.bytes, bytesBySource: { ...tally.bySource } }
      if (!(error instanceof DifferentFile)) throw error
      const refreshed = error.fetched ? error.refreshed : await request.refreshExpected?.(request.signal)
      const expected = refreshed ?? request.expected
      if (!error.fetched && isSame(expected, request.expected)) throw error.reason
      try {
        return await attempt(expected, true)
      } catch (again) {
        if (!(again instanceof DifferentFile)) throw again
        throw again.mismatch === undefined ? again.reason : mismatchError(again.mismatch)
      }
    } finally {
      progress.stop()
    }
  }

  return async (request) => {
    const { signal } = request
    if (signal.aborted) throw cancelled(signal)
    try {
      return await fetchFile(request)
    } catch (error) {
      throw signal.aborted ? cancelled(signal) : error
    }
  }
}

const isSame = (a: ExpectedFile, b: ExpectedFile): boolean =>
  a.sizeBytes === b.sizeBytes && a.sha256 === b.sha256 && a.tensorSha256 === b.tensorSha256
