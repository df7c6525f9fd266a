import { join } from 'node:path'
import type { LocalFiles } from '../access/local-files.ts'
import { MISSING_KIND } from '../catalog/check/missing-job.ts'
import type { Settings } from '../config/settings.ts'
import type { Db } from '../db/db.ts'
import { createCallbackJob } from '../import/callback/callback-job.ts'
import { createCallbackRules } from '../import/callback/rules.ts'
import { createImportJob, IMPORT_KIND, type RecordImport } from '../import/import-job.ts'
import { createImportOperations } from '../import/operations.ts'
import type { SourceReader } from '../import/source.ts'
import { createReopener, type Reopener } from '../jobs/reopener.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { JobStore } from '../jobs/store.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { findBaseModels } from '../models/base-models.ts'
import { DOWNLOAD_KIND } from '../models/fetch/download-job.ts'
import { createKeyOperations } from '../models/fetch/key-operations.ts'
import type { Terms } from '../models/fetch/terms.ts'
import type { UpstreamKeys } from '../models/fetch/upstream-keys.ts'
import type { LibraryOpener } from '../models/library.ts'
import { createLinkName } from '../models/link-name.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import type { Operation } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'
import type { Fetching } from './fetching.ts'

export interface ImportingDeps {
  readonly db: Db
  readonly clock: Clock
  readonly log: Log
  readonly settings: Settings
  readonly dataDir: string
  readonly jobs: JobRunner
  readonly store: JobStore
  readonly fetch: GuardedFetch
  readonly sources: SourceReader
  readonly library: LibraryOpener
  readonly localFiles: LocalFiles
  readonly fetching: Fetching
  readonly keys: UpstreamKeys
  readonly terms: Terms
  readonly record: RecordImport
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
}

export interface Importing {
  readonly operations: readonly Operation[]
  /** Lets go on what was blocked, once jobs run. */
  readonly reopener: Reopener
}

export function createImporting(deps: ImportingDeps): Importing {
  const { db, clock, log, settings, jobs, store, fetch, localFiles, fetching, hostsFor } = deps
  const secret = settings.webhook_secret
  jobs.register(
    createImportJob({
      sources: deps.sources,
      library: deps.library,
      record: deps.record,
      upstream: fetching.upstream,
      freeBytes: fetching.freeBytes,
      writableRoots: fetching.writableRoots,
      localFiles,
      linkName: createLinkName({ placement: fetching.placement }),
    }),
  )
  jobs.register(createCallbackJob({ fetch, clock, log, secret, hostsFor }))
  const reopener = createReopener({
    jobs,
    store,
    clock,
    log,
    kinds: [DOWNLOAD_KIND, MISSING_KIND, IMPORT_KIND],
    policy: {
      licences: [...settings['CivitAI.AllowedLicenses']],
      terms: settings['CivitAI.AllowTosAutoAccept'],
      size: settings['CivitAI.MaxDownloadSizeBytes'],
      pickle: settings.allow_pickle,
      quota: settings.disk_quota,
      free: settings.min_free,
    },
    keys: {
      civitai: settings.civitai_token,
      huggingface: settings.hf_token,
      shared: settings.share_upstream_keys,
    },
    file: join(deps.dataDir, 'policy'),
  })
  return {
    operations: [
      ...createImportOperations({
        jobs,
        store,
        sources: deps.sources,
        checkRoots: (roots, actor) => Promise.all(roots.map((root) => localFiles.findFolder(root, actor))),
        callbacks: createCallbackRules({ secret, hostsFor }),
        choose: { localFiles, hostsFor },
        baseModels: (digests) => findBaseModels(db, digests),
      }),
      ...createKeyOperations({
        keys: deps.keys,
        terms: deps.terms,
        reopen: async (reason, owner) => void (await reopener.reopenBlocked(reason, owner)),
      }),
    ],
    reopener,
  }
}
