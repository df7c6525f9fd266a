import type { Db } from '../../../src/db/db.ts'
import { createEventHub, type EventHub } from '../../../src/events/hub.ts'
import { createHashPool } from '../../../src/hash/pool.ts'
import { createJobRunner, type JobRunner } from '../../../src/jobs/runner.ts'
import { createJobStore } from '../../../src/jobs/store.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { silentLog } from '../../../src/lib/log.ts'
import type { HashFile } from '../../../src/models/hash-queue.ts'
import type { ModelRow } from '../../../src/models/library/rows.ts'
import { CORES, type ModelLibrary, type VolumeStore } from '../../../src/models/model-library.ts'
import { createModelJobOperations, createScanOperations } from '../../../src/models/scan/operations.ts'
import { createScanJob } from '../../../src/models/scan/scan-job.ts'
import { modelFilesTable } from '../../../src/models/table.ts'
import { aLibrary, toRoots } from '../../support/library.ts'
import { aCall, createTestClock, type TestClock } from '../../support/track.ts'

export interface ScanHostOptions {
  readonly db: Db
  readonly instanceId: string
  readonly roots: readonly string[]
  readonly volumes?: VolumeStore
  /** Called before a file is read; what it throws is the reading's error. */
  readonly beforeHash?: (path: string) => Promise<void> | void
  readonly onBytes?: (path: string, done: number) => void
  /** What Civitai makes of the digests that it was not asked about yet. */
  readonly identify?: () => JsonObject
}

/** A host that scans: real files, threads, database and jobs. Several share one database, each with its own rows. */
export interface ScanHost {
  readonly library: ModelLibrary
  readonly jobs: JobRunner
  readonly events: EventHub
  readonly clock: TestClock
  /** Paths in the order in which they were begun to be read, by this host. */
  readonly hashed: string[]
  invoke(name: string, input: JsonObject): Promise<JsonObject>
  /** Scans and answers the job when nothing runs any more. */
  scan(roots?: readonly string[]): Promise<JsonObject>
  job(id: unknown): Promise<JsonObject>
  /** By path; without those that are gone. */
  rows(): Promise<Map<string, ModelRow>>
  gone(): Promise<string[]>
}

/** Shared by the tests of a file: its workers take longer to start than most tests. They do not keep it alive. */
const pool = createHashPool({ size: CORES + 1 })

export function aScanHost(options: ScanHostOptions): ScanHost {
  const { db, roots } = options
  const instanceId = (): string => options.instanceId
  const clock = createTestClock()
  const hashed: string[] = []
  const hashFile: HashFile = async (path, asked) => {
    hashed.push(path)
    await options.beforeHash?.(path)
    const onProgress: typeof asked.onProgress = (done, ...rest) => {
      options.onBytes?.(path, done)
      asked.onProgress(done, ...rest)
    }
    return pool.hashFile(path, { ...asked, onProgress })
  }
  const { volumes } = options
  const library = aLibrary({
    db,
    hashes: { hashFile: hashFile as typeof pool.hashFile },
    roots,
    clock,
    instanceId: options.instanceId,
    ...(volumes === undefined ? {} : { volumes }),
  })
  const events = createEventHub({ db, clock, instanceId })
  const store = createJobStore({ db, events, clock, instanceId })
  const jobs = createJobRunner({ store, events, log: silentLog })
  const rootsOf = async (named: readonly string[]) => toRoots(named.length > 0 ? named : roots)
  jobs.register(
    createScanJob({
      db,
      clock,
      instanceId,
      refresher: library.refresher,
      reader: library.reader,
      rootsOf,
      leaveDigests: library.leaveDigests,
      notes: () => [],
      identify: async () => options.identify?.() ?? {},
      window: CORES + 2,
    }),
  )
  const operations = [
    ...createScanOperations({
      jobs,
      store,
      checkRoots: async (named) => named,
      findByDigest: async () => [],
      prepare() {},
    }),
    ...createModelJobOperations({ jobs, store }),
  ]
  async function invoke(name: string, input: JsonObject): Promise<JsonObject> {
    const operation = operations.find((each) => each.name === name)
    if (operation === undefined) throw new Error(`There is no operation ${name}`)
    return operation.invoke(input, aCall())
  }
  const job = (id: unknown): Promise<JsonObject> => invoke('get_model_job', { job_id: String(id) })
  const allRows = async (): Promise<ModelRow[]> => {
    const rows = await db.read.select().from(modelFilesTable)
    return rows.filter((row) => row.instanceId === options.instanceId)
  }
  return {
    library,
    jobs,
    events,
    clock,
    hashed,
    invoke,
    job,
    async scan(named) {
      clock.advance(1000)
      const { job_id } = await invoke('scan_models', named === undefined ? {} : { roots: [...named] })
      await jobs.start()
      await jobs.whenIdle()
      return job(job_id)
    },
    async rows() {
      const rows = await allRows()
      return new Map(rows.filter(({ goneAt }) => goneAt === null).map((row) => [row.path, row]))
    },
    async gone() {
      const rows = await allRows()
      return rows.filter(({ goneAt }) => goneAt !== null).map(({ path }) => path)
    },
  }
}
