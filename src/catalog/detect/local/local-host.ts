import type { Clock } from '../../../lib/clock.ts'
import type { CatalogHost } from '../catalog-host.ts'
import { checkPagesInSteps } from '../check-pages.ts'
import { foldersToLook } from '../folders-to-look.ts'
import { indexFiles } from '../index-files.ts'
import { isWithin } from '../paths.ts'
import { createHeads } from './heads.ts'
import { hostFilesHere } from './host-files-here.ts'
import type { FindKnownFiles, KnownFile } from './known-files.ts'
import { findUiHome, type LookWhereDeps, planLook } from './look-where.ts'
import type { FolderLooker } from './looker.ts'
import { wantedOf } from './wanted.ts'

export interface LocalHostDeps extends LookWhereDeps {
  readonly looker: Pick<FolderLooker, 'look' | 'heads'>
  readonly findKnown: FindKnownFiles
  readonly clock: Clock
  readonly instanceId: () => string
}

/** This host, for a caller who may name the home of its UI: one for the life of the program, it remembers heads of files. */
export interface LocalHost {
  /** @param uiHome absolute; the host's own where it is left out */
  at(uiHome?: string): CatalogHost
}

/**
 * Looks for files of pages on this host: by the index of its models and one look through folders, without a process of
 * its own and without reading whole files.
 */
export function createLocalHost(deps: LocalHostDeps): LocalHost {
  const { looker, findKnown, clock, instanceId, userHome } = deps
  const heads = createHeads(looker)
  return {
    at: (given) => ({
      async check(pages, { actor, signal, progress }) {
        const checkedAt = clock.now()
        const reports = pages.map(({ report }) => report)
        const expected = reports.flatMap(({ files }) => files)
        const uiHome = await findUiHome(deps, given, actor)
        const { folders, shallow, refused } = await planLook(deps, foldersToLook(reports), { uiHome, actor })
        const wanted = wantedOf(expected)
        const [looked, known] = await Promise.all([
          looker.look({ folders, shallow, ...wanted.look }, signal),
          findKnown(wanted.known),
        ])
        signal.throwIfAborted()
        const roots = deps.modelRoots()
        // Other rows come from folders that the owner once had scanned.
        const isOpen = ({ path, root }: KnownFile): boolean =>
          actor.kind === 'owner' || roots.some((each) => each === root || isWithin(path, each))
        const files = await hostFilesHere({ findKnown, heads }, looked.files, known.filter(isOpen), signal)
        const states = new Map(looked.states.map(([folder, state, problem]) => [folder, { state, problem }]))
        const index = indexFiles(files, {
          uiHome,
          userHome,
          checkedAt,
          isShallow: (folder) => shallow.includes(folder),
          stateOf: (folder) =>
            states.get(folder) ?? {
              state: 'unreadable',
              problem: refused.get(folder) ?? 'nobody looked at that folder',
            },
        })
        const results = await checkPagesInSteps(reports, index, {
          signal,
          onProgress: (done) => progress({ done, total: reports.length, unit: 'items' }),
        })
        return { instance: instanceId(), ui_home: uiHome ?? null, checkedAt, results }
      },
    }),
  }
}
