import { mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { isNotNull } from 'drizzle-orm'
import * as v from 'valibot'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { createFetching } from '../../src/app/fetching.ts'
import { loadConfig } from '../../src/config.ts'
import { createAudit } from '../../src/db/audit.ts'
import type { Db } from '../../src/db/db.ts'
import { createEventHub, type EventHub } from '../../src/events/hub.ts'
import { createHashPool } from '../../src/hash/pool.ts'
import { createCallbackJob } from '../../src/import/callback/callback-job.ts'
import { createCallbackRules } from '../../src/import/callback/rules.ts'
import { createImportJob } from '../../src/import/import-job.ts'
import { createImportOperations } from '../../src/import/operations.ts'
import { createSourceReader } from '../../src/import/source.ts'
import { createReopener } from '../../src/jobs/reopener.ts'
import { createJobRunner, type JobRunner } from '../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../src/jobs/store.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createSealer } from '../../src/lib/sealed.ts'
import { findBaseModels } from '../../src/models/base-models.ts'
import { createKeyOperations } from '../../src/models/fetch/key-operations.ts'
import { createPlacement } from '../../src/models/fetch/placement.ts'
import { createTerms } from '../../src/models/fetch/terms.ts'
import { createUpstreamKeys } from '../../src/models/fetch/upstream-keys.ts'
import { createLinkName } from '../../src/models/link-name.ts'
import { createNodeStore, type NewNode } from '../../src/models/nodes/store.ts'
import type { ModelRoot } from '../../src/models/root.ts'
import { modelFilesTable as files } from '../../src/models/table.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { createS3Reader } from '../../src/net/s3.ts'
import { type Actor, OWNER } from '../../src/operation/permission.ts'
import { aLibrary, toRoots } from '../support/library.ts'
import { aPromptReader } from '../support/prompt-reader.ts'
import { s3Settings } from '../support/s3-settings.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'
import { aCall, createTestClock, type TestClock } from '../support/track.ts'

export interface ImportHostOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Certificate authority of servers that are called back. */
  readonly ca?: string
  /** What callers with a token may name. */
  readonly hosts?: readonly string[]
  readonly waitsMs?: readonly number[]
  /** It knows the models of its ComfyUI. */
  readonly hasModels?: boolean
  /** The host's own key for Civitai: the owner's alone. */
  readonly civitaiKey?: string
}

/** A host that imports, as the program wires it: real files, database, jobs, threads and engine. */
export interface ImportHost {
  readonly db: Db
  readonly dir: string
  /** Of a ComfyUI. */
  readonly models: string
  readonly jobs: JobRunner
  readonly store: JobStore
  readonly events: EventHub
  readonly clock: TestClock
  addNode(node: Pick<NewNode, 'name' | 'url' | 'dialect'> & Partial<NewNode>): Promise<void>
  /** Also holds every answer against the operation's output schema. */
  invoke(name: string, input: JsonObject, actor?: Actor): Promise<JsonObject>
  /** The job when nothing runs any more. */
  ended(answer: JsonObject, actor?: Actor): Promise<JsonObject>
  /** Names of the model files whose digests are known. */
  hashedNames(): Promise<string[]>
  /** Starts an import and waits for its end. */
  run(input: JsonObject, actor?: Actor): Promise<JsonObject>
  /** The same host as another process finds it: the runner of this one is stopped. */
  restart(): Promise<ImportHost>
  close(): Promise<void>
}

export async function openImports(options: ImportHostOptions = {}): Promise<ImportHost> {
  return open(await openTempDb(), options)
}

async function open(temp: TempDb, options: ImportHostOptions): Promise<ImportHost> {
  const { db } = temp
  const dir = realpathSync(temp.dir)
  const models = join(dir, 'ComfyUI/models')
  mkdirSync(models, { recursive: true })
  const nowhere = 'http://127.0.0.1:9'
  const env = { AIRKEEP_CIVITAI_URL: nowhere, AIRKEEP_HF_URL: nowhere, AIRKEEP_MIN_FREE: '0', ...options.env }
  const { settings } = loadConfig({ env, cwd: dir, data: dir })
  const clock = createTestClock()
  const instanceId = (): string => 'here'
  const roots: ModelRoot[] = options.hasModels === false ? [] : [{ path: models, type: undefined, layout: 'comfyui' }]
  const readable = join(dir, 'readable')
  const rootsOf = async (named: readonly string[]): Promise<readonly ModelRoot[]> =>
    named.length > 0 ? toRoots(named) : roots
  const parts = { db, clock, instanceId }
  const audit = createAudit(db)
  const events = createEventHub(parts)
  const store = createJobStore({ ...parts, events })
  const jobs = createJobRunner({ store, events, log: silentLog })
  const hashes = createHashPool({ size: 2 })
  const library = aLibrary({ db, hashes, roots: [models], clock })
  const sealer = createSealer({ keyFile: join(dir, 'seal-key') })
  const guard = createGuard({ allowPrivate: ['127.0.0.1', 'localhost'], log: silentLog })
  const { ca } = options
  const fetch = createGuardedFetch({ guard, version: '0.0.0', ...(ca === undefined ? {} : { ca }) })
  const hostsFor = (actor: Actor): 'any' | readonly string[] => (actor.kind === 'owner' ? 'any' : (options.hosts ?? []))
  const localFiles = createLocalFiles({ roots: () => [models, readable] })
  const reader = aPromptReader()
  const hostKeys = { civitai: options.civitaiKey ?? '', huggingface: '' }
  const keys = createUpstreamKeys({ ...parts, audit, sealer, hostKeys, shareHostKeys: false })
  const terms = createTerms({ ...parts, audit })
  const reopener = createReopener({
    ...{ jobs, store, clock, log: silentLog, kinds: ['download', 'import'], policy: {}, file: join(dir, 'policy') },
  })
  const nodes = createNodeStore({ ...parts, audit, sealer })
  const fetching = createFetching({
    ...{ db, audit, clock, events, settings, instanceId, jobs, store, fetch, hashes, library, rootsOf, hostsFor },
    log: silentLog,
    nodes,
    keys,
    terms,
    storageHosts: ['127.0.0.1'],
    ownHosts: ['127.0.0.1', 'localhost'],
    reopenFetched: reopener.reopenFetched,
  })
  const sources = createSourceReader({
    reader,
    comfyNodes: { get: async () => undefined, warning: () => undefined },
    localFiles,
    fetch,
    fetchImage: async () => undefined,
    civitaiToken: async () => undefined,
    hostsFor,
    s3: createS3Reader({ fetch, clock, settings: s3Settings({}) }),
    bucketsFor: () => [],
    tempDir: dir,
  })
  const linkName = createLinkName({ placement: createPlacement({ rootsOf, downloadRoot: '' }) })
  const { upstream, freeBytes, writableRoots } = fetching
  jobs.register(
    createImportJob({
      ...{ sources, library, upstream, freeBytes, writableRoots, localFiles, linkName, record: async () => ({}) },
    }),
  )
  const { webhook_secret: secret } = settings
  const { waitsMs = [0, 0] } = options
  jobs.register(createCallbackJob({ fetch, clock, log: silentLog, secret, hostsFor, waitsMs }))
  const operations = [
    ...fetching.operations,
    ...createImportOperations({
      ...{ jobs, store, sources },
      checkRoots: (named, actor) => Promise.all(named.map((root) => localFiles.findFolder(root, actor))),
      callbacks: createCallbackRules({ secret, hostsFor }),
      choose: { localFiles, hostsFor },
      baseModels: (sha256s) => findBaseModels(db, sha256s),
    }),
    ...createKeyOperations({
      ...{ keys, terms },
      reopen: async (reason, owner) => void (await reopener.reopenBlocked(reason, owner)),
    }),
  ]
  await jobs.start()

  async function invoke(name: string, input: JsonObject, actor: Actor = OWNER): Promise<JsonObject> {
    const operation = operations.find((one) => one.name === name)
    if (operation === undefined) throw new Error(`There is no operation ${name}`)
    const answer = await operation.invoke(input, aCall({ actor }))
    const { success, output } = v.safeParse(operation.outputSchema, answer)
    if (!success || !isDeepStrictEqual(output, answer)) throw new Error(`${name} answers other than its schema says`)
    return answer
  }
  async function ended({ job_id }: JsonObject, actor?: Actor): Promise<JsonObject> {
    await jobs.whenIdle()
    return invoke('get_import_job', { job_id: String(job_id) }, actor)
  }
  async function end(): Promise<void> {
    await jobs.stop()
    fetching.close()
    await Promise.all([reader.close(), hashes.close()])
  }
  return {
    ...{ db, dir, models, jobs, store, events, clock, invoke, ended },
    async addNode(node) {
      await nodes.add({ token: undefined, publicKey: undefined, ...node }, 'boss')
    },
    async hashedNames() {
      const rows = await db.read.select({ name: files.name }).from(files).where(isNotNull(files.hashedAt))
      return rows.map(({ name }) => name).toSorted()
    },
    run: async (input, actor) => ended(await invoke('import_prompt', input, actor), actor),
    async restart() {
      await end()
      return open(temp, options)
    },
    async close() {
      await end()
      await temp.close()
    },
  }
}

/** An executed graph of ComfyUI that loads a LoRA. */
export const loads = (name: string): string =>
  JSON.stringify({ '1': { class_type: 'LoraLoader', inputs: { lora_name: name, strength_model: 0.8 } } })
