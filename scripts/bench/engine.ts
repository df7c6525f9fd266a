import { createBandwidth } from '../../src/download/bandwidth.ts'
import { createFetchFile } from '../../src/download/fetch-file.ts'
import { createHostLimits } from '../../src/download/host-limits.ts'
import type { FetchFile } from '../../src/download/request.ts'
import { createDiskSpace } from '../../src/download/space.ts'
import type { DownloadTuning } from '../../src/download/tuning.ts'
import { createHashPool } from '../../src/hash/pool.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import type { FileSource } from '../../src/net/file-source.ts'
import { createGuard } from '../../src/net/guard.ts'

export interface EngineOptions {
  /** @default what AIRKEEP_MAX_RANGES is where nothing is said */
  readonly maxRanges?: number
  readonly minFreeBytes?: number
  readonly tuning?: Partial<DownloadTuning>
}

/** The download engine as the program wires it, for servers on this machine. */
export function createEngine({ maxRanges = 8, minFreeBytes = 0, tuning }: EngineOptions = {}): FetchFile {
  const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })
  return createFetchFile({
    fetch: createGuardedFetch({ guard, version: '0.0.0' }),
    hashes: createHashPool({ background: true }),
    space: createDiskSpace({ quotaBytes: 0, minFreeBytes, usedBytes: async () => 0 }),
    bandwidth: createBandwidth(0),
    hosts: createHostLimits({ perHost: maxRanges }),
    maxRanges,
    clock: systemClock,
    tuning,
  })
}

export const sourceOf = (url: string): FileSource => ({
  id: `url:${url}`,
  kind: 'url',
  ranges: 'bounded',
  open: async () => ({ url, headers: {}, hosts: 'any' }),
})
