import { join } from 'node:path'
import type { LocalFiles } from '../access/local-files.ts'
import { createCivitaiModels } from '../civitai/models.ts'
import type { Settings } from '../config/settings.ts'
import type { Audit } from '../db/audit.ts'
import type { Db } from '../db/db.ts'
import type { HashPool } from '../hash/pool.ts'
import type { JobKind } from '../jobs/job.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Clock } from '../lib/clock.ts'
import { fromJson } from '../lib/json.ts'
import type { Log } from '../lib/log.ts'
import type { Sealer } from '../lib/sealed.ts'
import { createModelFinder, type ModelFinder } from '../models/find-models.ts'
import { createIdentifier } from '../models/identify.ts'
import type { InspectRequest } from '../models/inspect/inspection.ts'
import { keepCurrent } from '../models/keep-current.ts'
import { isAnyToHash, lookAgain } from '../models/library/digests.ts'
import { createLinkDuplicates } from '../models/link-duplicates.ts'
import { createListModels } from '../models/list-models.ts'
import { CORES, createModelLibrary, type ModelLibrary } from '../models/model-library.ts'
import { createGreet } from '../models/nodes/greet.ts'
import { createNodeOperations } from '../models/nodes/operations.ts'
import { createNodeStore, type NodeStore } from '../models/nodes/store.ts'
import type { ModelRoot } from '../models/root.ts'
import { isHeldBack, LATEST_SCANS } from '../models/scan/held-back.ts'
import { createModelJobOperations, createScanOperations } from '../models/scan/operations.ts'
import { createScanJob, firstScanView, SCAN_KIND, type ScanInput } from '../models/scan/scan-job.ts'
import {
  type CompareFoldersOptions,
  type CompareOptions,
  createModelThreads,
  type ModelThreads,
} from '../models/scan/thread.ts'
import { createVerifyJob, type VerifyInput } from '../models/scan/verify-job.ts'
import { createChunkHashes } from '../models/serve/chunks.ts'
import { createServeRule } from '../models/serve/exclude.ts'
import { createHostKey } from '../models/serve/host-key.ts'
import { createManifest } from '../models/serve/manifest.ts'
import { createManifestOperation } from '../models/serve/manifest-operation.ts'
import { createModelServer, type ModelServer } from '../models/serve/model-server.ts'
import { createServedRows } from '../models/serve/served-rows.ts'
import { createSwarmClaims } from '../models/serve/swarm-claims.ts'
import { createSwarmSource, type SwarmSource } from '../models/serve/swarm-source.ts'
import { modelFilesTable } from '../models/table.ts'
import { createVolumeDigests } from '../models/volume-digests.ts'
import { watchRoots } from '../models/watch/watch-roots.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { Operation } from '../operation/operation.ts'
import { type Actor, OWNER } from '../operation/permission.ts'
import { isUsedByAsset } from '../track/used-models.ts'

export interface ModelsDeps {
  readonly db: Db
  readonly audit: Audit
  readonly clock: Clock
  readonly log: Log
  readonly dataDir: string
  readonly settings: Settings
  readonly instanceId: () => string
  /** For whole model files: apart from what else is hashed, which is not to wait for it. */
  readonly hashes: HashPool
  readonly fetch: GuardedFetch
  /** Of secrets that are kept in the database. */
  readonly sealer: Sealer
  readonly jobs: JobRunner
  readonly store: JobStore
  readonly localFiles: LocalFiles
  /** Files and folders of the program itself, which are no models. */
  readonly closed?: () => Promise<readonly string[]>
  /** The folders that `named` means; all that are known where it names none. */
  readonly rootsOf: (named: readonly string[]) => Promise<readonly ModelRoot[]>
  /** Paths of the model folders of this host, as they were found last. */
  readonly hostRoots: () => readonly string[]
  /** How the folders of the last answer were found. */
  readonly notes: () => readonly string[]
  readonly civitaiToken: (actor: Actor) => Promise<string | undefined>
  /** Jobs that waited for a token of this node go on. */
  readonly reopenForNode?: (node: string) => Promise<void>
}

/** Everything about the model files of this host. */
export interface Models {
  readonly operations: readonly Operation[]
  readonly library: ModelLibrary
  readonly finder: ModelFinder
  readonly nodes: NodeStore
  readonly server: ModelServer
  /** The same in SwarmUI's dialect. */
  readonly swarm: SwarmSource
  /** Starts the thread that walks, before it is needed. */
  prepare(): void
  /** Looks at the folders now and whenever they change, until the answer is called. */
  keepCurrent(): () => Promise<void>
  close(): Promise<void>
}

export function createModels(deps: ModelsDeps): Models {
  const { db, audit, clock, log, settings, instanceId, jobs, store, hashes, fetch } = deps
  // Closed with the program, which may be opened again.
  let started: ModelThreads | undefined
  const current = (): ModelThreads => (started ??= createModelThreads())
  const threads = {
    compare: (request: CompareOptions) => current().compare(request),
    compareFolders: (request: CompareFoldersOptions) => current().compareFolders(request),
    inspect: (requests: readonly InspectRequest[], signal: AbortSignal) => current().inspect(requests, signal),
  }
  const library = createModelLibrary({
    ...deps,
    threads,
    hashFile: (path, options) => hashes.hashFile(path, options),
    volumes: createVolumeDigests({ dataDir: deps.dataDir, log }),
  })
  const { refresher, reader, queue } = library
  const prepare = (): void => current().prepare()
  const finder = createModelFinder({ db, instanceId })
  const identifier = createIdentifier({
    db,
    clock,
    instanceId,
    civitai: createCivitaiModels({ fetch, log, baseUrl: settings.civitai_url }),
    log,
  })
  const rows = createServedRows({ db, instanceId, roots: deps.hostRoots })
  const rule = createServeRule({
    exclude: settings.serve_exclude,
    allowPickle: settings.allow_pickle,
    now: () => clock.now(),
  })
  const server = createModelServer({ rows, rule, chunkHashes: createChunkHashes({ db, clock, hashes }) })
  const manifest = createManifest({
    rows,
    rule,
    hostKey: createHostKey({ file: join(deps.dataDir, 'node-key') }),
    clock,
    instanceId,
    chunks: async (sha256, signal) => server.chunks(await server.find(sha256), signal),
  })
  const nodes = createNodeStore({
    db,
    audit,
    clock,
    instanceId,
    sealer: deps.sealer,
  })
  const scanJob: JobKind<ScanInput> = createScanJob({
    ...deps,
    refresher,
    reader,
    leaveDigests: library.leaveDigests,
    window: CORES + 2,
    identify: async ({ signal, actor, onProgress }) =>
      fromJson(
        await identifier.identify({
          signal,
          token: await deps.civitaiToken(actor),
          onProgress: ({ asked, total }) => onProgress(asked, total),
        }),
      ),
  })
  const verifyJob: JobKind<VerifyInput> = createVerifyJob({
    ...deps,
    queue,
    inspectAll: (signal) => reader.inspectAll(signal),
    window: CORES + 2,
  })
  jobs.register(scanJob)
  jobs.register(verifyJob)

  const scanEverything = async (): Promise<void> => {
    if (isHeldBack(await store.list({ kinds: [SCAN_KIND] }, LATEST_SCANS, 0))) return
    const input = { roots: [], identify: false }
    await jobs.create(SCAN_KIND, { actor: OWNER, input, view: firstScanView(), key: JSON.stringify(input) })
  }
  let hostRoots: readonly ModelRoot[] = []
  return {
    library,
    finder,
    nodes,
    server,
    swarm: createSwarmSource({ rows, claims: createSwarmClaims({ db, instanceId }), rule, server, clock, instanceId }),
    operations: [
      ...createScanOperations({
        jobs,
        store,
        checkRoots: (named, actor) => Promise.all(named.map((root) => deps.localFiles.findFolder(root, actor))),
        findByDigest: finder.findByDigest,
        prepare,
      }),
      createListModels({ db, instanceId, findByDigest: finder.findByDigest, isUsed: isUsedByAsset(modelFilesTable) }),
      createLinkDuplicates(deps),
      createManifestOperation({ manifest }),
      ...createModelJobOperations({ jobs, store }),
      ...createNodeOperations({
        ...{ nodes, greet: createGreet({ fetch }) },
        reopen: async (node) => deps.reopenForNode?.(node),
      }),
    ],
    prepare,
    keepCurrent: () =>
      keepCurrent({
        roots: async () => {
          hostRoots = await deps.rootsOf([])
          return hostRoots
        },
        watch: (roots, onChange) => watchRoots(roots, { onChange, log }),
        async look(roots, only, signal) {
          await refresher.refresh({ roots, only, hostRoots, signal })
          // A volume that was away while its files were read is back, or it is time for another try.
          if (only === undefined || only.folders.includes(only.root)) await lookAgain({ db, instanceId })
          await reader.inspectAll(signal)
        },
        hasUnhashed: () =>
          isAnyToHash(
            { db, instanceId },
            hostRoots.map(({ path }) => path),
          ),
        scan: scanEverything,
        log,
      }),
    async close() {
      await started?.close()
      started = undefined
    },
  }
}
