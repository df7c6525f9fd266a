import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { createLocalFiles } from '../../../src/access/local-files.ts'
import { createCatalogHosts } from '../../../src/catalog/check/catalog-hosts.ts'
import { createCheckJob } from '../../../src/catalog/check/check-job.ts'
import type { LocalHost } from '../../../src/catalog/detect/local/local-host.ts'
import { createCatalogHostOperations } from '../../../src/catalog/operations.ts'
import { createPageReader } from '../../../src/catalog/read/page-reader.ts'
import type { SshListerDeps } from '../../../src/catalog/ssh/ssh-lister.ts'
import { createEventHub } from '../../../src/events/hub.ts'
import { createJobRunner, type JobRunner } from '../../../src/jobs/runner.ts'
import { createJobStore, type JobStore } from '../../../src/jobs/store.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { createModelJobOperations } from '../../../src/models/scan/operations.ts'
import type { Call } from '../../../src/operation/operation.ts'
import { testLister } from '../../support/ssh-lister.ts'
import { openTempDb } from '../../support/temp-db.ts'
import { aCall } from '../../support/track.ts'

/** `check_downloads` over a real database, real jobs and a real ssh client; there are no nodes. */
export interface CheckWorld extends AsyncDisposable {
  /** A catalog that callers with a token may name. */
  readonly catalog: string
  readonly jobs: JobRunner
  readonly store: JobStore
  page(path: string, text: string): void
  /** Also holds every answer against the operation's output schema. */
  invoke(name: string, input: unknown, call?: Partial<Call>): Promise<JsonObject>
}

export interface CheckWorldOptions extends Partial<SshListerDeps> {
  /** This host; it is not asked where this is left out. */
  readonly localHost?: LocalHost
  /** Homes of UIs of this host, the one that counts first. */
  readonly uiHomes?: readonly string[]
  /** The catalog is not in the settings. */
  readonly isUnconfigured?: true
}

export async function openCheckWorld(options: CheckWorldOptions = {}): Promise<CheckWorld> {
  const temp = await openTempDb()
  const { db } = temp
  const catalog = join(realpathSync(temp.dir), 'catalog')
  const dataDir = join(temp.dir, 'data')
  for (const folder of [catalog, dataDir]) mkdirSync(folder)
  const clock = systemClock
  const instanceId = (): string => 'inst_here'
  const events = createEventHub({ db, clock, instanceId })
  const store = createJobStore({ db, events, clock, instanceId })
  const jobs = createJobRunner({ store, events, log: silentLog })
  const localFiles = createLocalFiles({ roots: () => [catalog] })
  const openNode = async (): Promise<never> => {
    throw new Error('there are no nodes')
  }
  const hosts = createCatalogHosts({
    localHost: options.localHost ?? {
      at: () => {
        throw new Error('this host is not asked')
      },
    },
    lister: testLister(dataDir, options),
    sshHosts: options.sshHosts ?? [],
    openNode,
  })
  jobs.register(createCheckJob({ hosts, clock }))
  await jobs.start()
  const reader = createPageReader({ size: 1 })
  const roots = (): string[] => (options.isUnconfigured === true ? [] : [catalog])
  const deps = {
    reader,
    localFiles,
    roots,
    hosts,
    openNode,
    jobs,
    clock,
    uiHomes: () => options.uiHomes ?? [],
    hostsFor: () => 'any' as const,
  }
  const operations = [...createCatalogHostOperations(deps), ...createModelJobOperations({ jobs, store })]
  return {
    catalog,
    jobs,
    store,
    page(path, text) {
      mkdirSync(dirname(join(catalog, path)), { recursive: true })
      writeFileSync(join(catalog, path), text)
    },
    async invoke(name, input, call = {}) {
      const operation = operations.find((one) => one.name === name)
      if (operation === undefined) throw new Error(`There is no operation ${name}`)
      const output = await operation.invoke(input, aCall(call))
      const { issues } = v.safeParse(operation.outputSchema, output)
      if (issues !== undefined) throw new Error(`${name} answers what its schema forbids: ${v.summarize(issues)}`)
      return output
    },
    async [Symbol.asyncDispose]() {
      await jobs.stop()
      await reader.close()
      await temp.close()
    },
  }
}
