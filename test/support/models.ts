import { realpathSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { createModels, type Models } from '../../src/app/models.ts'
import { loadConfig } from '../../src/config.ts'
import { createAudit } from '../../src/db/audit.ts'
import { createEventHub } from '../../src/events/hub.ts'
import { createHashPool } from '../../src/hash/pool.ts'
import type { JobRunner } from '../../src/jobs/runner.ts'
import { createJobRunner } from '../../src/jobs/runner.ts'
import { createJobStore } from '../../src/jobs/store.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createSealer } from '../../src/lib/sealed.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import type { Call, Operation } from '../../src/operation/operation.ts'
import { toRoots } from './library.ts'
import { openTempDb, type TempDb, type TempDbOptions } from './temp-db.ts'
import { aCall, createTestClock, type TestClock } from './track.ts'

/** The models of a host as the program wires them: real files, threads, database and jobs. */
export interface ModelHost {
  readonly operations: readonly Operation[]
  readonly models: Models
  readonly jobs: JobRunner
  readonly clock: TestClock
  readonly db: TempDb['db']
  /** For a second connection, and for what is not to be below {@link root}. */
  readonly dir: string
  /** The only folder that is known, and that callers with a token may name. */
  readonly root: string
  /** Also holds every answer against the operation's output schema. */
  invoke(name: string, input: unknown, call?: Partial<Call>): Promise<JsonObject>
  /** Starts a job by its operation and answers the job when nothing runs any more. */
  run(name: string, input: unknown, call?: Partial<Call>): Promise<JsonObject>
  close(): Promise<void>
}

export interface ModelHostOptions extends TempDbOptions {
  /** Model folders below {@link ModelHost.dir}; `models` where it is left out. */
  readonly roots?: readonly string[]
  /** Files that are no models, whatever leads to them. */
  readonly closed?: () => Promise<readonly string[]>
}

export async function openModels({
  roots: named = ['models'],
  closed = async () => [],
  ...options
}: ModelHostOptions = {}): Promise<ModelHost> {
  const temp = await openTempDb(options)
  const { db } = temp
  const dir = realpathSync(temp.dir)
  const roots = named.map((name) => join(dir, name))
  for (const path of roots) await mkdir(path, { recursive: true })
  const clock = createTestClock()
  const instanceId = (): string => 'here'
  const events = createEventHub({ db, clock, instanceId })
  const store = createJobStore({ db, events, clock, instanceId })
  const jobs = createJobRunner({ store, events, log: silentLog })
  const hashes = createHashPool({ size: 2 })
  const models = createModels({
    db,
    audit: createAudit(db),
    clock,
    log: silentLog,
    dataDir: dir,
    settings: loadConfig({ env: {}, cwd: dir, data: dir }).settings,
    instanceId,
    hashes,
    fetch: createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '0.0.0' }),
    sealer: createSealer({ keyFile: join(dir, 'seal-key') }),
    jobs,
    store,
    localFiles: createLocalFiles({ roots: () => roots }),
    closed,
    rootsOf: async (given) => toRoots(given.length > 0 ? given : roots),
    notes: () => [],
    hostRoots: () => roots,
    civitaiToken: async () => undefined,
  })
  const byName = new Map(models.operations.map((operation) => [operation.name, operation]))
  async function invoke(name: string, input: unknown, call: Partial<Call> = {}): Promise<JsonObject> {
    const operation = byName.get(name)
    if (operation === undefined) throw new Error(`There is no operation ${name}`)
    const answer = await operation.invoke(input, aCall(call))
    const { success, output } = v.safeParse(operation.outputSchema, answer)
    if (!success || !isDeepStrictEqual(output, answer)) throw new Error(`${name} answers other than its schema says`)
    return answer
  }
  return {
    operations: models.operations,
    models,
    jobs,
    clock,
    db,
    dir,
    root: roots[0] ?? dir,
    invoke,
    async run(name, input, call) {
      const { job_id } = await invoke(name, input, call)
      await jobs.start()
      await jobs.whenIdle()
      return invoke('get_model_job', { job_id })
    },
    async close() {
      await jobs.stop()
      await models.close()
      await hashes.close()
      await temp.close()
    },
  }
}
