import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { createCivitaiClient } from '../../src/civitai/client.ts'
import { createAudit } from '../../src/db/audit.ts'
import { createHashPool } from '../../src/hash/pool.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { createS3Reader } from '../../src/net/s3.ts'
import type { Call, Operation } from '../../src/operation/operation.ts'
import { type Actor, OWNER, type Permission } from '../../src/operation/permission.ts'
import type { TrackDeps } from '../../src/track/deps.ts'
import { createTrackOperations } from '../../src/track/operations.ts'
import { type FakeCivitai, startFakeCivitai } from './fake-civitai.ts'
import { s3Settings } from './s3-settings.ts'
import { openTempDb, type TempDb } from './temp-db.ts'

export interface TestClock extends Clock {
  /** Moves time on by so many milliseconds. */
  advance(ms: number): void
}

/** Stands still unless it is moved; begins at 2026-08-01T12:00:00Z. */
export function createTestClock(): TestClock {
  let now = Date.UTC(2026, 7, 1, 12)
  return {
    now: () => now,
    advance(ms) {
      now += ms
    },
  }
}

export const aTokenActor = (name: string, ...permissions: Permission[]): Actor => ({
  kind: 'token',
  name,
  permissions: new Set(permissions),
})

export const aCall = (call: Partial<Call> = {}): Call => ({
  signal: new AbortController().signal,
  requestId: 'req_test',
  surface: 'http',
  actor: OWNER,
  progress() {},
  ...call,
})

export interface Track {
  readonly operations: readonly Operation[]
  readonly civitai: FakeCivitai
  readonly clock: TestClock
  readonly db: TempDb['db']
  /** A folder for files; callers with a token may read below it. */
  readonly dir: string
  /** Where fetched media are kept for a moment. */
  readonly tempDir: string
  /** Also holds every answer against the operation's output schema. */
  invoke(name: string, input: unknown, call?: Partial<Call>): Promise<JsonObject>
  close(): Promise<void>
}

/** The operations of tracking over a real database, real workers, the real network guard and a fake Civitai. */
export async function openTrack(change: (deps: TrackDeps) => Partial<TrackDeps> = () => ({})): Promise<Track> {
  const { db, dir, close } = await openTempDb()
  const civitai = await startFakeCivitai()
  const hashPool = createHashPool({ size: 1 })
  const tempDir = join(dir, 'tmp')
  mkdirSync(tempDir)
  const clock = createTestClock()
  const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })
  const fetch = createGuardedFetch({ guard, version: '0.0.0' })
  const deps: TrackDeps = {
    db,
    audit: createAudit(db),
    clock,
    log: silentLog,
    account: 'c29',
    localFiles: createLocalFiles({ roots: () => [dir] }),
    hashPool,
    fetch,
    allowedHosts: [civitai.host],
    s3: createS3Reader({ fetch, clock, settings: s3Settings({ aws_endpoint_url: civitai.url }) }),
    allowedBuckets: [],
    civitai: createCivitaiClient({ fetch, log: silentLog, baseUrl: civitai.url, sleep: async () => {} }),
    civitaiToken: async () => undefined,
    tempDir,
  }
  const operations = createTrackOperations({ ...deps, ...change(deps) })
  const byName = new Map(operations.map((operation) => [operation.name, operation]))
  return {
    operations,
    civitai,
    clock,
    db,
    dir,
    tempDir,
    async invoke(name, input, call = {}) {
      const operation = byName.get(name)
      if (operation === undefined) throw new Error(`There is no operation ${name}`)
      const answer = await operation.invoke(input, aCall(call))
      // A schema that says less than the answer holds would mislead whoever reads it.
      const { success, output } = v.safeParse(operation.outputSchema, answer)
      if (!success || !isDeepStrictEqual(output, answer)) throw new Error(`${name} answers other than its schema says`)
      return answer
    },
    async close() {
      await hashPool.close()
      await civitai.close()
      await close()
    },
  }
}
