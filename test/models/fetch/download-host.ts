import { mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { createAudit } from '../../../src/db/audit.ts'
import { auditTable } from '../../../src/db/audit-table.ts'
import type { Db } from '../../../src/db/db.ts'
import { createBandwidth } from '../../../src/download/bandwidth.ts'
import { createFetchFile } from '../../../src/download/fetch-file.ts'
import { createHostLimits } from '../../../src/download/host-limits.ts'
import { createDiskSpace } from '../../../src/download/space.ts'
import { AppError } from '../../../src/errors.ts'
import { createEventHub, type EventHub } from '../../../src/events/hub.ts'
import { createHashPool, type HashPool } from '../../../src/hash/pool.ts'
import { createJobFollower, type JobFollower } from '../../../src/jobs/follow-job.ts'
import { createJobRunner, type JobRunner } from '../../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../../src/jobs/store.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { createDownloads, createReopenDownloads } from '../../../src/models/fetch/create-downloads.ts'
import { createDecideOffers } from '../../../src/models/fetch/decide-offers.ts'
import { createDownloadJob } from '../../../src/models/fetch/download-job.ts'
import { createDownloadedFiles, type DownloadedFiles } from '../../../src/models/fetch/downloaded-files.ts'
import type { Downloads, FindOffers, OpenSource } from '../../../src/models/fetch/downloads.ts'
import { createLocalCopies } from '../../../src/models/fetch/local-copies.ts'
import { createPlacement } from '../../../src/models/fetch/placement.ts'
import type { PolicySettings } from '../../../src/models/fetch/policy.ts'
import { createPromisedNames } from '../../../src/models/fetch/promised-names.ts'
import { createUiRefresher } from '../../../src/models/fetch/refresh-uis.ts'
import { createRequestOperation } from '../../../src/models/fetch/request-operation.ts'
import { createTakeIn } from '../../../src/models/fetch/take-in.ts'
import { createTerms, type Terms } from '../../../src/models/fetch/terms.ts'
import type { Offer, Search } from '../../../src/models/fetch/wanted.ts'
import type { ModelLibrary } from '../../../src/models/model-library.ts'
import type { Layout, ModelRoot } from '../../../src/models/root.ts'
import { createModelJobOperations } from '../../../src/models/scan/operations.ts'
import { modelFilesTable } from '../../../src/models/table.ts'
import { createGuardedFetch } from '../../../src/net/fetch.ts'
import { createGuard } from '../../../src/net/guard.ts'
import { createUrlFileSource } from '../../../src/net/url-file-source.ts'
import type { Operation } from '../../../src/operation/operation.ts'
import { type Actor, OWNER } from '../../../src/operation/permission.ts'
import { aLibrary } from '../../support/library.ts'
import { openTempDb } from '../../support/temp-db.ts'
import { aCall, createTestClock, type TestClock } from '../../support/track.ts'

export interface DownloadHostOptions {
  readonly policy?: Partial<PolicySettings>
  readonly settings?: { readonly civitaiInfo?: boolean; readonly civitdlNames?: boolean; readonly concurrency?: number }
  readonly minFreeBytes?: number
  /** Of the folder with its models. */
  readonly layout?: Layout
  readonly a1111Url?: string
  readonly swarmUrl?: string
}

/** A host that downloads: real files, database, jobs, library and engine; sources are local servers. */
export interface DownloadHost {
  readonly db: Db
  /** Of the ComfyUI whose models it has. */
  readonly models: string
  readonly dir: string
  readonly clock: TestClock
  readonly jobs: JobRunner
  readonly store: JobStore
  readonly events: EventHub
  readonly downloads: Downloads
  readonly files: DownloadedFiles
  readonly library: ModelLibrary
  readonly terms: Terms
  readonly reopen: ReturnType<typeof createReopenDownloads>
  /** What looking for a model answers. */
  search: FindOffers
  invoke(name: string, input: JsonObject, actor?: Actor): Promise<JsonObject>
  /** Job object when nothing runs any more. */
  job(id: string): Promise<JsonObject>
  ended(id: string): Promise<JsonObject>
  audit(): Promise<JsonObject[]>
  row(path: string): Promise<typeof modelFilesTable.$inferSelect | undefined>
  /** The same host as another process finds it: the runner of this one is stopped. */
  restart(options?: DownloadHostOptions): Promise<DownloadHost>
  close(): Promise<void>
}

let pool: HashPool | undefined
export const hashes = (): HashPool => {
  pool ??= createHashPool({ size: 2 })
  return pool
}

export async function closeHashes(): Promise<void> {
  await pool?.close()
  pool = undefined
}

const POLICY: PolicySettings = {
  allowedLicences: [],
  acceptTerms: false,
  maxSizeBytes: 100 * 2 ** 20,
  allowPickle: false,
}

const NOTHING: Search = { offers: [], candidates: [], steps: [{ step: 'civitai', result: 'not found' }] }

export async function openDownloads(options: DownloadHostOptions = {}): Promise<DownloadHost> {
  const temp = await openTempDb()
  const dir = realpathSync(temp.dir)
  mkdirSync(join(dir, 'ComfyUI/models'), { recursive: true })
  return open(temp.db, dir, options, temp.close)
}

async function open(
  db: Db,
  dir: string,
  options: DownloadHostOptions,
  closeDb: () => Promise<void>,
): Promise<DownloadHost> {
  const models = join(dir, 'ComfyUI/models')
  const roots: ModelRoot[] = [{ path: models, type: undefined, layout: options.layout ?? 'comfyui' }]
  const rootsOf = async () => roots
  const clock = createTestClock()
  const instanceId = (): string => 'here'
  const parts = { db, clock, instanceId }
  const events = createEventHub(parts)
  const store = createJobStore({ ...parts, events })
  const jobs = createJobRunner({ store, events, log: silentLog })
  const follower: JobFollower = createJobFollower({ events, store })
  const library = aLibrary({ db, hashes: hashes(), roots: [models], clock })
  const audit = createAudit(db)
  const terms = createTerms({ ...parts, audit })
  const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })
  const fetch = createGuardedFetch({ guard, version: '0.0.0' })
  const policy = { ...POLICY, ...options.policy }
  const names = createPromisedNames()
  const files = createDownloadedFiles({ ...parts, parts: names.parts })
  const decide = createDecideOffers({ ...parts, audit, terms, policy })
  const openSource: OpenSource = async (ref) => {
    if (ref.kind === 'node') throw new AppError('conflict', `Nothing is fetched from ${ref.node}: it has another key`)
    if (ref.kind !== 'url') throw new Error('Only addresses are served here')
    return createUrlFileSource({ fetch }, { url: ref.url, hosts: 'any', allowPrivate: ['127.0.0.1'] })
  }
  const placement = createPlacement({ rootsOf, downloadRoot: '' })
  const host: { search: FindOffers } = { search: async () => NOTHING }
  jobs.register(
    createDownloadJob({
      clock,
      log: silentLog,
      store,
      decide,
      names,
      files,
      openSource,
      findOffers: (wanted, how) => host.search(wanted, how),
      fetchFile: createFetchFile({
        fetch,
        hashes: hashes(),
        space: createDiskSpace({ quotaBytes: 0, minFreeBytes: options.minFreeBytes ?? 0, usedBytes: files.usedBytes }),
        bandwidth: createBandwidth(0),
        hosts: createHostLimits({ perHost: 16 }),
        maxRanges: 1,
        clock,
        tuning: { retryFirstMs: 1, retryMaxMs: 2, attempts: 2, firstAttempts: 2, blockBytes: 64 * 1024 },
      }),
      placement,
      localCopies: createLocalCopies({ ...parts, reader: library.reader }),
      takeIn: createTakeIn({ ...parts, ...library, rootsOf }),
      refreshUis: createUiRefresher({
        fetch,
        a1111Url: options.a1111Url ?? '',
        swarmUrl: options.swarmUrl ?? '',
        log: silentLog,
        gather: async () => {},
      }),
      maxSizeBytes: policy.maxSizeBytes,
      concurrency: options.settings?.concurrency ?? 2,
      civitaiInfo: options.settings?.civitaiInfo ?? false,
      civitdlNames: options.settings?.civitdlNames ?? false,
    }),
  )
  const operations: Operation[] = [
    createRequestOperation({
      ...{ jobs, placement },
      hostsFor: (actor) => (actor.kind === 'owner' ? 'any' : ['files.example.org']),
    }),
    ...createModelJobOperations({ jobs, store }),
  ]
  const invoke = async (name: string, input: JsonObject, actor: Actor = OWNER): Promise<JsonObject> => {
    const operation = operations.find((one) => one.name === name)
    if (operation === undefined) throw new Error(`There is no operation ${name}`)
    return operation.invoke(input, aCall({ actor }))
  }
  const job = (id: string): Promise<JsonObject> => invoke('get_model_job', { job_id: id })
  await jobs.start()
  return Object.assign(host, {
    ...{ db, models, dir, clock, jobs, store, events, files, library, terms, invoke, job },
    downloads: createDownloads({ jobs, store, follower, decide }),
    reopen: createReopenDownloads({ jobs, store }),
    async ended(id: string) {
      await jobs.whenIdle()
      return job(id)
    },
    async audit() {
      const rows = await db.read.select().from(auditTable)
      return rows.filter(({ op }) => op === 'download_decision') as unknown as JsonObject[]
    },
    async row(path: string) {
      const rows = await db.read.select().from(modelFilesTable)
      return rows.find((row) => row.path === path)
    },
    async restart(next: DownloadHostOptions = options) {
      await jobs.stop()
      follower.close()
      return open(db, dir, next, closeDb)
    },
    async close() {
      await jobs.stop()
      follower.close()
      await closeDb()
    },
  })
}

/** A file at an address of a local server that the owner names: no licence stands in its way. */
export const anOffer = (url: string, changes: Partial<Offer> = {}): Offer => ({
  source: 'url',
  ref: { kind: 'url', url, by_caller: true },
  filename: 'harbor.safetensors',
  matched_by: 'declared_url',
  facts: {},
  ...changes,
})
