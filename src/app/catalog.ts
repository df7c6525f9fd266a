import { homedir } from 'node:os'
import type { LocalFiles } from '../access/local-files.ts'
import { createCatalogHosts } from '../catalog/check/catalog-hosts.ts'
import { createCheckJob } from '../catalog/check/check-job.ts'
import { createMissingJob } from '../catalog/check/missing-job.ts'
import { createKnownFiles } from '../catalog/detect/local/known-files.ts'
import { createLocalHost } from '../catalog/detect/local/local-host.ts'
import { createFolderLooker } from '../catalog/detect/local/looker.ts'
import { createNodeClient } from '../catalog/detect/node-client.ts'
import { createCatalogHostOperations, createCatalogPageOperations } from '../catalog/operations.ts'
import { createPageReader, type PageReader } from '../catalog/read/page-reader.ts'
import type { SshLister, SshListerDeps } from '../catalog/ssh/ssh-lister.ts'
import { createCivitaiVersions } from '../civitai/versions.ts'
import type { Settings } from '../config/settings.ts'
import type { Db } from '../db/db.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { loadedOnFirstUse } from '../lib/on-first-use.ts'
import type { Downloads } from '../models/fetch/downloads.ts'
import { CORES } from '../models/model-library.ts'
import { createGreet } from '../models/nodes/greet.ts'
import type { NodeStore } from '../models/nodes/store.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { Operation } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'
import { findFolders, type Host } from './host.ts'
import { createLabelOf } from './label-of.ts'
import { createRootDeps } from './root-deps.ts'

export interface CatalogDeps {
  readonly db: Pick<Db, 'read'>
  readonly clock: Clock
  readonly log: Log
  readonly settings: Settings
  readonly dataDir: string
  /** As it was found last. */
  readonly host: () => Host
  readonly jobs: JobRunner
  readonly store: JobStore
  readonly fetch: GuardedFetch
  readonly localFiles: LocalFiles
  readonly nodes: NodeStore
  readonly downloads: Downloads
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
}

export interface Catalog {
  readonly operations: readonly Operation[]
  close(): Promise<void>
}

export function createCatalog(deps: CatalogDeps): Catalog {
  const { db, clock, log, settings, host, jobs, store, fetch, localFiles, nodes, downloads, hostsFor } = deps
  const reader = createReader()
  const roots = (): readonly string[] => settings.catalog
  const looker = createFolderLooker()
  const instanceId = (): string => host().instanceId
  const uiHomes = (): readonly string[] => [
    ...new Set([...(settings.ui_home === '' ? [] : [settings.ui_home]), ...host().uiHomes.map(({ path }) => path)]),
  ]
  const openNode = createNodeClient({ nodes, greet: createGreet({ fetch }), fetch })
  const hosts = createCatalogHosts({
    localHost: createLocalHost({
      looker,
      findKnown: createKnownFiles({ db, instanceId }),
      clock,
      instanceId,
      localFiles,
      modelRoots: () => host().roots,
      // Without named folders all are those of a home, but for the cache of Hugging Face.
      sharedRoots: () => host().roots.filter(({ layout }) => settings.models.length > 0 || layout === 'huggingface'),
      async rootsOfHome(home) {
        const { roots, notes } = await findFolders(settingsOfHome(settings, home), createRootDeps(fetch))
        return { roots: roots.filter(({ layout }) => layout !== 'huggingface'), notes }
      },
      uiHomes,
      userHome: process.env['HOME'] ?? homedir(),
    }),
    lister: lateSshLister({ dataDir: deps.dataDir, clock, sshHosts: settings.ssh_hosts, env: process.env }),
    sshHosts: settings.ssh_hosts,
    openNode,
  })
  jobs.register(createCheckJob({ hosts, clock }))
  jobs.register(createMissingJob({ downloads, jobs, store }))
  const labelOf = createLabelOf(createCivitaiVersions({ fetch, log, baseUrl: settings.civitai_url }))
  return {
    operations: [
      ...createCatalogPageOperations({ reader, localFiles, roots, labelOf }),
      ...createCatalogHostOperations({ reader, localFiles, roots, hosts, openNode, jobs, clock, uiHomes, hostsFor }),
    ],
    close: async () => void (await Promise.all([reader.close(), looker.close()])),
  }
}

/** As if that home were the only thing that is configured; what its running UI was told is known of the own one alone. */
const settingsOfHome = (settings: Settings, home: string): Settings => ({
  ...settings,
  models: [],
  ui_home: home,
  comfy_url: '',
  ...(home === settings.ui_home ? {} : { comfy_args: '', a1111_args: '' }),
})

/** Made with its first use: no start needs what speaks to other hosts. */
function lateSshLister(deps: SshListerDeps): SshLister {
  const made = loadedOnFirstUse(async () => (await import('../catalog/ssh/ssh-lister.ts')).createSshLister(deps))
  return {
    list: async (request) => (await made()).list(request),
    acceptHostKey: async (target, options) => (await made()).acceptHostKey(target, options),
  }
}

/** Closed with the program, which may be opened again. */
function createReader(): PageReader {
  let started: PageReader | undefined
  const current = (): PageReader => {
    started ??= createPageReader({ size: CORES })
    return started
  }
  return {
    read: (pages, signal, onProgress) => current().read(pages, signal, onProgress),
    async close() {
      await started?.close()
      started = undefined
    },
  }
}
