import type { HashPool } from '../../src/hash/pool.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createModelLibrary, type ModelLibrary, type VolumeStore } from '../../src/models/model-library.ts'
import type { ModelRoot } from '../../src/models/root.ts'
import { createModelThreads, type ModelThreads } from '../../src/models/scan/thread.ts'
import type { TempDb } from './temp-db.ts'

export interface LibraryOptions {
  readonly db: TempDb['db']
  readonly hashes: Pick<HashPool, 'hashFile'>
  /** Model folders of the host, where a scan names none. */
  readonly roots: readonly string[]
  readonly clock?: Clock
  readonly volumes?: VolumeStore
  readonly instanceId?: string
  /** The folders are walked. */
  readonly onWalk?: () => void
}

/** Volumes that carry nothing along. */
const NO_VOLUMES: VolumeStore = {
  eligible: async () => false,
  read: async () => new Map(),
  write: async () => 'unchanged',
}

export const toRoots = (paths: readonly string[]): ModelRoot[] =>
  paths.map((path) => ({ path, type: undefined, layout: 'folder' }))

let threads: ModelThreads | undefined

/** The threads of a test file: starting them takes longer than most tests. They do not keep the process alive. */
export const sharedThreads = (): ModelThreads => (threads ??= createModelThreads())

/** The library as the program wires it, over real files, threads and database. */
export function aLibrary(options: LibraryOptions): ModelLibrary {
  const { db, hashes, roots, clock, volumes, instanceId = 'here', onWalk } = options
  const { compare, compareFolders, inspect } = sharedThreads()
  return createModelLibrary({
    db,
    clock: clock ?? systemClock,
    instanceId: () => instanceId,
    threads: {
      compare(request) {
        onWalk?.()
        return compare(request)
      },
      compareFolders,
      inspect,
    },
    hashFile: (path, options) => hashes.hashFile(path, options),
    volumes: volumes ?? NO_VOLUMES,
    rootsOf: async (named) => toRoots(named.length > 0 ? named : roots),
    log: silentLog,
  })
}
