import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { allowedHosts, bucketsFor, hostsFor } from './access/allowed-hosts.ts'
import { createEnvToken } from './access/env-token.ts'
import { createLocalFiles } from './access/local-files.ts'
import { createTokenOperations } from './access/operations.ts'
import { createTokens } from './access/tokens.ts'
import { createCatalog } from './app/catalog.ts'
import { closedPaths } from './app/closed-paths.ts'
import { countedDb } from './app/counted-db.ts'
import { countedFetch, createPeerOf } from './app/counted-fetch.ts'
import { countedHashes } from './app/counted-hashes.ts'
import { createFetching } from './app/fetching.ts'
import { createPrivateDatabase, databaseOf, findFolders, type Host, openHost } from './app/host.ts'
import { createImporting } from './app/importing.ts'
import { createMeter } from './app/meter.ts'
import { createModels } from './app/models.ts'
import { createReading } from './app/reading.ts'
import { restoreInto } from './app/restore.ts'
import { createRootDeps } from './app/root-deps.ts'
import { createBackupOperations } from './backup/operations.ts'
import { createCivitaiClient } from './civitai/client.ts'
import type { CliApp } from './cli/app.ts'
import type { Config } from './config.ts'
import { createAudit } from './db/audit.ts'
import { type Ownership, takeOwnership } from './db/owner.ts'
import { createEventHub } from './events/hub.ts'
import { createHashPool, type HashedBytes, type HashPool } from './hash/pool.ts'
import { type FindDigests, linkModels } from './import/media-models.ts'
import { createMediaRecordReader } from './import/media-record.ts'
import { createImportRecorder, type LedgerCaller } from './import/record.ts'
import { createJobRunner } from './jobs/runner.ts'
import { createJobStore } from './jobs/store.ts'
import { systemClock } from './lib/clock.ts'
import { createId } from './lib/id.ts'
import { createLog } from './lib/log.ts'
import { createSealer } from './lib/sealed.ts'
import { VERSION } from './lib/version.ts'
import type { McpExtension } from './mcp/server.ts'
import { findDigestsByName, findNamesByDigest } from './models/digests-by-name.ts'
import { createTerms } from './models/fetch/terms.ts'
import { createUpstreamKeys } from './models/fetch/upstream-keys.ts'
import { findFullDigests } from './models/library/known-digests.ts'
import { CORES } from './models/model-library.ts'
import type { ModelRoot } from './models/root.ts'
import { createGuardedFetch } from './net/fetch.ts'
import { createGuard } from './net/guard.ts'
import { createS3Reader } from './net/s3.ts'
import { s3Hosts } from './net/s3-address.ts'
import type { Call, Operation } from './operation/operation.ts'
import { type Actor, OWNER } from './operation/permission.ts'
import { createPromptFinder } from './track/extracted-prompt.ts'
import { createGuideOperations } from './track/guides.ts'
import { createModelLinker } from './track/link-models.ts'
import { createTrackOperations } from './track/operations.ts'

/** What a test build adds to the program. */
export interface AppExtras {
  readonly operations?: readonly Operation[]
  readonly mcpExtension?: McpExtension
}

const DAY_MS = 86_400_000

/** The program, wired by hand and not yet running: building it does no I/O. */
export function createApp(config: Config, extras: AppExtras = {}): CliApp {
  const { settings, dataDir } = config
  const clock = systemClock
  const log = createLog(settings.log)
  const temporaryDir = join(dataDir, 'tmp')
  let host: Host = { instanceId: '', modelRoots: settings.models, roots: [], uiHomes: [], notes: [] }
  const instanceId = (): string => host.instanceId

  const meter = createMeter()
  const db = countedDb(databaseOf(config, log), meter)
  const audit = createAudit(db)
  const events = createEventHub({ db, clock, instanceId })
  const observeFile = ({ engine, sizeBytes }: HashedBytes, seconds: number): void =>
    meter.observeHash(engine, sizeBytes, seconds)
  const hashPool = createHashPool({ background: true, onHashed: observeFile })
  const hashes = countedHashes(hashPool, meter)
  const ownHosts = [...settings.allow_private_network, ...namedOrigins(config)]
  const guard = createGuard({ allowPrivate: ownHosts, log })
  const peerOf = createPeerOf(settings, s3Hosts(settings))
  const onReceived = (asked: URL, bytes: number): void => meter.addFetchedBytes(peerOf(asked.host), bytes)
  const fetch = countedFetch(createGuardedFetch({ guard, version: VERSION, onReceived }), { meter, peerOf, log })
  const s3 = createS3Reader({ fetch, clock, settings })
  const allowed = [...allowedHosts(settings), ...s3Hosts(settings)]
  const hosts = (actor: Actor): 'any' | readonly string[] => hostsFor(actor, allowed)
  const localFiles = createLocalFiles({
    roots: () => [...host.modelRoots, ...settings.catalog, ...settings.allow_read],
    closed: () => closedPaths(config),
  })
  const tokens = createTokens({ db, audit, clock, log, envToken: createEnvToken(settings) })
  const store = createJobStore({ db, events, clock, instanceId })
  const jobs = createJobRunner({ store, events, log, onEnded: meter.observeJob })
  const rootDeps = createRootDeps(fetch)
  const sealer = createSealer({ keyFile: join(dataDir, 'seal-key') })
  const keys = createUpstreamKeys({
    db,
    audit,
    clock,
    sealer,
    instanceId,
    hostKeys: { civitai: settings.civitai_token, huggingface: settings.hf_token },
    shareHostKeys: settings.share_upstream_keys,
  })
  const terms = createTerms({ db, audit, clock, instanceId })
  const civitaiToken = (actor: Actor): Promise<string | undefined> => keys.find('civitai', actor)
  const rootsOf = async (named: readonly string[]): Promise<readonly ModelRoot[]> => {
    const found = await findFolders(named.length > 0 ? { ...settings, models: named } : settings, rootDeps)
    notes = found.notes
    if (named.length === 0) host = { ...host, ...found }
    return found.roots
  }
  let notes: readonly string[] = []
  const models = createModels({
    db,
    audit,
    clock,
    log,
    dataDir,
    settings,
    instanceId,
    // One more than there are cores, for the file that somebody waits for.
    hashes: createHashPool({ background: true, size: CORES + 1, onHashed: observeFile }),
    fetch,
    sealer,
    jobs,
    store,
    localFiles,
    closed: () => closedPaths(config),
    rootsOf,
    hostRoots: () => host.modelRoots,
    notes: () => notes,
    civitaiToken,
    reopenForNode: async (node) => void (await importing.reopener.reopenForNode(node)),
  })
  const fetching = createFetching({
    db,
    audit,
    clock,
    log,
    events,
    settings,
    instanceId,
    jobs,
    store,
    fetch,
    hashes: hashPool,
    library: models.library,
    nodes: models.nodes,
    keys,
    terms,
    rootsOf,
    hostsFor: hosts,
    storageHosts: allowed,
    ownHosts,
    reopenFetched: (file) => importing.reopener.reopenFetched(file),
  })
  const { reader, sources } = createReading({
    settings,
    clock,
    log,
    fetch,
    s3,
    localFiles,
    civitaiToken,
    hostsFor: hosts,
    bucketsFor: (actor) => bucketsFor(actor, settings.s3_buckets),
    tempDir: temporaryDir,
  })

  const findDigests: FindDigests = {
    byHash: (hash) => findFullDigests(db, hash),
    byName: findDigestsByName(models.finder),
  }
  const linkToAsset = createModelLinker({ db, audit, clock })
  const track = createTrackOperations({
    db,
    audit,
    clock,
    log,
    account: settings.civitai_account,
    localFiles,
    hashPool: hashes,
    fetch,
    allowedHosts: allowed,
    s3,
    allowedBuckets: settings.s3_buckets,
    civitai: createCivitaiClient({ fetch, log, baseUrl: settings.civitai_url }),
    civitaiToken,
    readMediaRecord: createMediaRecordReader({ sources, findDigests }),
    findNames: findNamesByDigest(models.finder),
    tempDir: temporaryDir,
  })
  const importing = createImporting({
    db,
    clock,
    log,
    settings,
    dataDir,
    jobs,
    store,
    fetch,
    sources,
    library: models.library,
    localFiles,
    fetching,
    keys,
    terms,
    hostsFor: hosts,
    record: createImportRecorder({
      invoke: (name, input, caller) => operationNamed(track, name).invoke(input, callOf(caller)),
      findPrompt: createPromptFinder(db),
      linkModels: async (assetId, needed, caller) =>
        linkToAsset(assetId, await linkModels(needed, findDigests), callOf(caller)),
    }),
  })
  const catalog = createCatalog({
    db,
    clock,
    log,
    settings,
    dataDir,
    host: () => host,
    jobs,
    store,
    fetch,
    localFiles,
    nodes: models.nodes,
    downloads: fetching.upstream.downloads,
    hostsFor: hosts,
  })
  const operations: readonly Operation[] = [
    ...track,
    ...createGuideOperations(),
    ...importing.operations,
    ...models.operations,
    ...fetching.operations,
    ...catalog.operations,
    ...createTokenOperations({ tokens }),
    ...createBackupOperations({ db, clock }),
    ...(extras.operations ?? []),
  ]
  let ownership: Ownership | undefined
  let pruning: ReturnType<typeof setInterval> | undefined
  let stopKeepingCurrent: (() => Promise<void>) | undefined
  return {
    config,
    operations,
    events,
    hasher: hashes,
    prepareScan: () => models.prepare(),
    async open() {
      ownership = await takeOwnership(dataDir)
      if (ownership === undefined) return 'busy'
      try {
        host = await openHost(dataDir, settings, rootDeps)
        // Whatever an earlier process was receiving when it ended.
        await rm(temporaryDir, { recursive: true, force: true })
        await mkdir(temporaryDir, { mode: 0o700 })
        await createPrivateDatabase(config)
        await db.open()
      } catch (error) {
        ownership.release()
        ownership = undefined
        throw error
      }
      return 'opened'
    },
    async startJobs() {
      await jobs.start()
      await importing.reopener.start()
      const prune = (): Promise<void> => events.prune(clock.now() - settings.event_retention * DAY_MS)
      await prune()
      pruning ??= setInterval(() => {
        prune().catch((error: unknown) => log.error({ err: error }, 'Could not remove old events'))
      }, DAY_MS).unref()
    },
    whenIdle: () => jobs.whenIdle(),
    hasTokens: () => tokens.configured(),
    async listen(options) {
      const { serve } = await import('./app/serving.ts')
      const parts = { operations, events, tokens, jobs, store, models, settings, clock, log, uploadsDir: temporaryDir }
      const { metrics, listening } = await serve({ ...parts, mcpExtension: extras.mcpExtension }, options)
      meter.connect(metrics)
      if (settings.auto_scan) stopKeepingCurrent ??= models.keepCurrent()
      return listening
    },
    mcp: {
      async serveStdio(invoke, signal) {
        const { createMcpServer } = await import('./app/mcp-server.ts')
        await createMcpServer({ operations, settings, log }, invoke).serveStdio(OWNER, { signal })
      },
    },
    restore: (from) => restoreInto(config, from),
    async close() {
      clearInterval(pruning)
      pruning = undefined
      try {
        await stopKeepingCurrent?.()
        stopKeepingCurrent = undefined
        importing.reopener.stop()
        await jobs.stop()
        fetching.close()
        // Both wait: for threads to end, and for the last sync of the database.
        await Promise.all([models.close(), reader.close(), catalog.close(), db.close()])
      } finally {
        ownership?.release()
        ownership = undefined
      }
    },
  }
}

/** Mirrors that the owner names are meant, wherever they are: they are exempt from the private-address rule. */
function namedOrigins({ settings, sources }: Config): string[] {
  const named = (['civitai_url', 'hf_url', 'comfy_url'] as const).filter((name) => sources[name] !== 'default')
  return named.map((name) => settings[name]).flatMap((url) => (URL.canParse(url) ? [new URL(url).host] : []))
}

/** The call that an import makes of itself. */
const callOf = (caller: LedgerCaller): Call => ({
  ...caller,
  requestId: createId('req'),
  surface: 'cli',
  progress() {},
})

function operationNamed(operations: readonly Operation[], name: string): Operation {
  const found = operations.find((operation) => operation.name === name)
  if (found === undefined) throw new Error(`There is no operation ${name}`)
  return found
}

/** For `airkeep hash` of files: neither a database nor a lock. */
export const createHasher = (): HashPool => createHashPool()
