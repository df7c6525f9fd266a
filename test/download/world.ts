import { afterAll, afterEach } from 'bun:test'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createBandwidth } from '../../src/download/bandwidth.ts'
import { createFetchFile } from '../../src/download/fetch-file.ts'
import { createHostLimits } from '../../src/download/host-limits.ts'
import type { DownloadedFile, DownloadRequest } from '../../src/download/request.ts'
import { createDiskSpace, type DiskSpace } from '../../src/download/space.ts'
import type { DownloadTuning } from '../../src/download/tuning.ts'
import type { Sha256 } from '../../src/hash/digest.ts'
import { createHashPool, type HashPool } from '../../src/hash/pool.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import type { FileSource, OpenedSource } from '../../src/net/file-source.ts'
import { createGuard } from '../../src/net/guard.ts'
import {
  type Conduct,
  type FileBytes,
  type FileRequest,
  type FileServer,
  startFileServer,
} from '../support/file-server.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

let pool: HashPool | undefined
const hashes = (): HashPool => {
  pool ??= createHashPool({ size: 2 })
  return pool
}
const servers: FileServer[] = []
const folders: TempDir[] = []

/** For each file of tests: ends servers, folders and threads. */
export function cleanUp(): void {
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()))
    for (const folder of folders.splice(0)) folder[Symbol.dispose]()
  })
  afterAll(async () => {
    await pool?.close()
    pool = undefined
  })
}

export async function serve(
  file: FileBytes,
  conduct?: (request: FileRequest) => Conduct | undefined,
): Promise<FileServer> {
  const server = await startFileServer(file, conduct)
  servers.push(server)
  return server
}

/** Path of a file to be, in a new folder. */
export function newTarget(name = 'model.safetensors'): string {
  const folder = tempDir()
  folders.push(folder)
  return join(folder.path, name)
}

export const KIB = 1024

/** Small enough that a file of 2 MiB has many pieces, and quick to try again. */
export const SMALL: Partial<DownloadTuning> = {
  minSegmentBytes: 256 * KIB,
  maxSegmentBytes: 512 * KIB,
  blockBytes: 64 * KIB,
  growEveryMs: 1,
  retryFirstMs: 1,
  retryMaxMs: 5,
  attempts: 4,
  firstAttempts: 3,
}

export interface Setting {
  readonly target: string
  readonly sources: readonly FileSource[]
  readonly request?: Partial<DownloadRequest>
  readonly tuning?: Partial<DownloadTuning>
  readonly maxRanges?: number
  readonly perHost?: number
  readonly minFreeBytes?: number
  readonly space?: DiskSpace
}

export function download(setting: Setting): Promise<DownloadedFile> {
  const { target, sources, request, tuning, maxRanges = 4, perHost = 64, minFreeBytes = 0 } = setting
  const { space = createDiskSpace({ quotaBytes: 0, minFreeBytes, usedBytes: async () => 0 }) } = setting
  const fetchFile = createFetchFile({
    fetch: createGuardedFetch({
      guard: createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog }),
      version: '1.2.3',
    }),
    hashes: hashes(),
    space,
    bandwidth: createBandwidth(0),
    hosts: createHostLimits({ perHost }),
    maxRanges,
    clock: systemClock,
    tuning: { ...SMALL, ...tuning },
  })
  return fetchFile({ target, sources, expected: {}, signal: new AbortController().signal, ...request })
}

export interface SourceOptions extends Partial<Omit<OpenedSource, 'url'>> {
  readonly id?: string
  readonly ranges?: FileSource['ranges']
  readonly kind?: FileSource['kind']
}

/** Counts how often it is opened. */
export function aSource(address: string | (() => string), options: SourceOptions = {}): FileSource & { opens: number } {
  const { id = 'url:one', ranges = 'bounded', kind = 'url', ...opened } = options
  return {
    id,
    kind,
    ranges,
    opens: 0,
    async open() {
      this.opens += 1
      return { url: typeof address === 'string' ? address : address(), headers: {}, hosts: 'any', ...opened }
    },
  }
}

export const sha256 = (bytes: Uint8Array): Sha256 => createHash('sha256').update(bytes).digest('hex') as Sha256

/** A promise and what settles it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}
