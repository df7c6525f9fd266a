/**
 * Downloads as a server would, in a process that lives on: each line of its input is a task as JSON, each line of its
 * output what came of it.
 */
import { createInterface } from 'node:readline'
import { createBandwidth } from '../../src/download/bandwidth.ts'
import { createFetchFile } from '../../src/download/fetch-file.ts'
import { createHostLimits } from '../../src/download/host-limits.ts'
import { createDiskSpace } from '../../src/download/space.ts'
import { parseSha256 } from '../../src/hash/digest.ts'
import { createHashPool } from '../../src/hash/pool.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import type { FileSource } from '../../src/net/file-source.ts'
import { createGuard } from '../../src/net/guard.ts'
import type { DownloadTask } from './downloader.ts'

/** As AIRKEEP_MAX_RANGES is where nothing is said. */
const MAX_RANGES = 8

const fetchFile = createFetchFile({
  fetch: createGuardedFetch({ guard: createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog }), version: '0.0.0' }),
  hashes: createHashPool({ background: true }),
  space: createDiskSpace({ quotaBytes: 0, minFreeBytes: 0, usedBytes: async () => 0 }),
  bandwidth: createBandwidth(0),
  hosts: createHostLimits({ perHost: MAX_RANGES }),
  maxRanges: MAX_RANGES,
  clock: systemClock,
})

const sourceOf = (url: string): FileSource => ({
  id: `url:${url}`,
  kind: 'url',
  ranges: 'bounded',
  open: async () => ({ url, headers: {}, hosts: 'any' }),
})

for await (const line of createInterface({ input: process.stdin })) {
  const { urls, target, sha256, sizeBytes } = JSON.parse(line) as DownloadTask
  const began = performance.now()
  let mostConnections = 0
  const { hashedBy } = await fetchFile({
    target,
    sources: urls.map(sourceOf),
    expected: { sha256: parseSha256(sha256), sizeBytes },
    signal: new AbortController().signal,
    onProgress: ({ connections }) => {
      mostConnections = Math.max(mostConnections, connections)
    },
  })
  const seconds = (performance.now() - began) / 1000
  process.stdout.write(`${JSON.stringify({ seconds, hashedBy, mostConnections })}\n`)
}
