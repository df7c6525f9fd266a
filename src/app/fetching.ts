import { createCivitaiVersions } from '../civitai/versions.ts'
import type { Settings } from '../config/settings.ts'
import type { Audit } from '../db/audit.ts'
import type { Db } from '../db/db.ts'
import { createBandwidth } from '../download/bandwidth.ts'
import type { FetchFileDeps } from '../download/fetch-file.ts'
import { createHostLimits } from '../download/host-limits.ts'
import { createLeftParts } from '../download/left-parts.ts'
import { createDiskSpace } from '../download/space.ts'
import type { EventHub } from '../events/hub.ts'
import type { HashPool } from '../hash/pool.ts'
import { createHuggingFace } from '../huggingface/client.ts'
import type { Upstream } from '../import/fetch-missing.ts'
import { createJobFollower } from '../jobs/follow-job.ts'
import type { FetchedFile } from '../jobs/reopener.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Clock } from '../lib/clock.ts'
import { freeBytes } from '../lib/files.ts'
import type { Log } from '../lib/log.ts'
import { lateFunction } from '../lib/on-first-use.ts'
import { createDownloads } from '../models/fetch/create-downloads.ts'
import { createDecideOffers } from '../models/fetch/decide-offers.ts'
import { createDownloadJob } from '../models/fetch/download-job.ts'
import { createDownloadedFiles } from '../models/fetch/downloaded-files.ts'
import { createLocalCopies } from '../models/fetch/local-copies.ts'
import { createOpenSource } from '../models/fetch/open-source.ts'
import { createPlacement, type Placement } from '../models/fetch/placement.ts'
import { createPlanPlace } from '../models/fetch/plan-place.ts'
import { createPromisedNames } from '../models/fetch/promised-names.ts'
import { createUiRefresher } from '../models/fetch/refresh-uis.ts'
import { createRequestOperation } from '../models/fetch/request-operation.ts'
import { createTakeIn } from '../models/fetch/take-in.ts'
import type { Terms } from '../models/fetch/terms.ts'
import type { UpstreamKeys } from '../models/fetch/upstream-keys.ts'
import { createWritableRoots, type WritableRoots } from '../models/fetch/writable-roots.ts'
import type { ModelLibrary } from '../models/model-library.ts'
import { createPeers } from '../models/nodes/peers.ts'
import type { NodeStore } from '../models/nodes/store.ts'
import type { ModelRoot } from '../models/root.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { Operation } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'

export interface FetchingDeps {
  readonly db: Db
  readonly audit: Audit
  readonly clock: Clock
  readonly log: Log
  readonly events: EventHub
  readonly settings: Settings
  readonly instanceId: () => string
  readonly jobs: JobRunner
  readonly store: JobStore
  readonly fetch: GuardedFetch
  /** Of streams that are received, and of whole files where the line is faster. */
  readonly hashes: HashPool
  readonly library: ModelLibrary
  readonly nodes: NodeStore
  readonly keys: UpstreamKeys
  readonly terms: Terms
  readonly rootsOf: (named: readonly string[]) => Promise<readonly ModelRoot[]>
  /** Where addresses that this caller names may lead. */
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
  /** Where Civitai may send for the bytes. */
  readonly storageHosts: readonly string[]
  /** Servers of the owner's own. */
  readonly ownHosts: readonly string[]
  /** Lets go on what lacked a file that a download has brought. */
  readonly reopenFetched: (file: FetchedFile) => Promise<unknown>
}

/** Everything that gets model files from elsewhere. */
export interface Fetching {
  readonly operations: readonly Operation[]
  readonly upstream: Upstream
  readonly placement: Placement
  readonly writableRoots: WritableRoots
  /** Of the disk that new files go to, where these model folders are named for them; nothing where no folder is known. */
  freeBytes(named: readonly string[]): Promise<number>
  close(): void
}

export function createFetching(deps: FetchingDeps): Fetching {
  const { db, audit, clock, log, settings, instanceId, jobs, store, fetch, library, keys, terms, rootsOf } = deps
  const peers = createPeers({
    nodes: deps.nodes,
    fetch,
    clock,
    log,
    allowedRemoteNodes: settings['CivitAI.AllowedRemoteNodes'],
  })
  const huggingFace = createHuggingFace({ fetch, log, baseUrl: settings.hf_url })
  const civitai = createCivitaiVersions({ fetch, log, baseUrl: settings.civitai_url })
  // What searches and what downloads are loaded when something is missing, which most starts never meet.
  const searchDeps = { peers, civitai, huggingFace, keys, mirrors: settings }
  const findOffers = lateFunction(async () => (await import('../models/fetch/search.ts')).createSearch(searchDeps))
  const decide = createDecideOffers({
    db,
    audit,
    clock,
    terms,
    policy: {
      allowedLicences: settings['CivitAI.AllowedLicenses'],
      acceptTerms: settings['CivitAI.AllowTosAutoAccept'],
      maxSizeBytes: settings['CivitAI.MaxDownloadSizeBytes'],
      allowPickle: settings.allow_pickle,
    },
  })
  const placement = createPlacement({ rootsOf, downloadRoot: settings.download_root })
  const names = createPromisedNames()
  const left = createLeftParts(async () => [
    ...(await rootsOf([])).map(({ path }) => path),
    ...(settings.download_root === '' ? [] : [settings.download_root]),
  ])
  const files = createDownloadedFiles({
    ...{ db, clock, instanceId },
    parts: () => names.parts(),
    leftParts: () => left.paths(),
  })
  const fetchFileDeps: FetchFileDeps = {
    fetch,
    hashes: deps.hashes,
    space: createDiskSpace({
      quotaBytes: settings.disk_quota,
      minFreeBytes: settings.min_free,
      usedBytes: () => files.usedBytes(),
    }),
    bandwidth: createBandwidth(settings.bandwidth),
    hosts: createHostLimits({ perHost: settings.max_ranges }),
    maxRanges: settings.max_ranges,
    clock,
  }
  const fetchFile = lateFunction(async () => (await import('../download/fetch-file.ts')).createFetchFile(fetchFileDeps))
  jobs.register(
    createDownloadJob({
      clock,
      log,
      store,
      decide,
      findOffers,
      fetchFile,
      names,
      openSource: createOpenSource({
        fetch,
        peers,
        civitai: { fetch, log, baseUrl: settings.civitai_url, storageHosts: deps.storageHosts },
        huggingFace,
        keys,
        hostsFor: deps.hostsFor,
        allowPrivate: deps.ownHosts,
      }),
      placement,
      localCopies: createLocalCopies({ db, instanceId, reader: library.reader }),
      files,
      takeIn: createTakeIn({
        db,
        clock,
        instanceId,
        refresher: library.refresher,
        reader: library.reader,
        rootsOf,
        leaveDigests: library.leaveDigests,
      }),
      refreshUis: createUiRefresher({ fetch, a1111Url: settings.a1111_url, swarmUrl: settings.swarm_url, log }),
      reopenFetched: deps.reopenFetched,
      concurrency: settings.max_downloads,
      maxSizeBytes: settings['CivitAI.MaxDownloadSizeBytes'],
      civitaiInfo: settings.civitai_info,
      civitdlNames: settings.civitdl_names,
    }),
  )
  const follower = createJobFollower({ events: deps.events, store })
  return {
    operations: [createRequestOperation({ jobs, hostsFor: deps.hostsFor, mirrors: settings, placement })],
    upstream: {
      findOffers,
      downloads: createDownloads({ jobs, store, follower, decide }),
      planPlace: createPlanPlace({ placement, civitdlNames: settings.civitdl_names }),
    },
    placement,
    writableRoots: createWritableRoots({ rootsOf }),
    async freeBytes(named) {
      const isConfigured = named.length === 0 && settings.download_root !== ''
      const [root] = isConfigured
        ? [settings.download_root]
        : (await rootsOf(named.slice(0, 1))).map(({ path }) => path)
      return root === undefined ? 0 : freeBytes(root).catch(() => 0)
    },
    close: () => peers.close(),
  }
}
