import type { Clock } from '../../../lib/clock.ts'
import type { Actor } from '../../../operation/permission.ts'
import { escapeName } from '../../ssh/remote-name.ts'
import type { CatalogHost } from '../catalog-host.ts'
import { checkPagesInSteps } from '../check-pages.ts'
import { foldersToLook } from '../folders-to-look.ts'
import type { HostIndex } from '../host-index.ts'
import { type HostFacts, indexFiles } from '../index-files.ts'
import type { PageCheck } from '../page-check.ts'
import { isWithin } from '../paths.ts'
import { isBytes } from './bytes-path.ts'
import { foldersOfUnknown } from './folders-of-unknown.ts'
import { createHeads } from './heads.ts'
import { hostFilesHere, pathsOf } from './host-files-here.ts'
import type { FindKnownFiles, KnownFile } from './known-files.ts'
import { findUiHome, type LookWhereDeps, planLook } from './look-where.ts'
import type { FolderLooker } from './looker.ts'
import { type Scope, type ScopeDeps, scopeOf } from './scope.ts'
import { wantedOf } from './wanted.ts'

export interface LocalHostDeps extends LookWhereDeps, ScopeDeps {
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

  /** Rows of the index that this caller may hear of, by whether the UI that is asked for has them. */
  async function sortRows(rows: readonly KnownFile[], scope: Scope, actor: Actor) {
    const roots = deps.modelRoots()
    // Other rows come from folders that the owner once had scanned.
    const isOpen = ({ path, root }: KnownFile): boolean =>
      actor.kind === 'owner' || roots.some((each) => each.path === root || isWithin(path, each.path))
    const [own, others]: [KnownFile[], KnownFile[]] = [[], []]
    for (const row of rows.filter(isOpen)) ((await scope.holds(row, pathsOf(row))) ? own : others).push(row)
    return { own, others }
  }

  return {
    at: (given) => ({
      async check(pages, { actor, signal, progress }) {
        const checkedAt = clock.now()
        const reports = pages.map(({ report }) => report)
        const expected = reports.flatMap(({ files }) => files)
        const uiHome = await findUiHome(deps, given, actor)
        const scope = await scopeOf(deps, given === undefined ? undefined : uiHome)
        const plan = await planLook(deps, foldersToLook(reports), { uiHome, actor, scope })
        const { folders, shallow, refused } = plan
        const wanted = wantedOf(expected)
        const [looked, known] = await Promise.all([
          looker.look({ folders, shallow, anyOf: wanted.isAnyName ? folders : [], ...wanted.look }, signal),
          findKnown(wanted.known),
        ])
        signal.throwIfAborted()
        const { own, others } = await sortRows(known, scope, actor)
        const options = { signal, roots: scope.roots }
        const files = await hostFilesHere({ findKnown, heads }, looked.files, own, options)
        const states = new Map<string, ReturnType<HostIndex['stateOf']>>(
          looked.states.map(([folder, state, problem]) => [folder, { state, problem }]),
        )
        const strangers = await foldersOfUnknown(findKnown, looked.strangers)
        const unread = scope.problems.map((problem, at) => [`${uiHome}/extra_model_paths.yaml`, problem, at] as const)
        for (const [file, problem] of unread) states.set(file, { state: 'unreadable', problem })
        const facts: HostFacts = {
          uiHome,
          userHome,
          checkedAt,
          moreFolders: [...plan.more, ...new Set(unread.map(([file]) => file))],
          isShallow: (folder) => shallow.includes(folder),
          hasStrangers: (folder) => strangers.has(folder),
          stateOf: (folder) =>
            states.get(folder) ?? {
              state: 'unreadable',
              problem: refused.get(folder) ?? 'nobody looked at that folder',
            },
        }
        const elsewhere = indexFiles(await hostFilesHere({ findKnown, heads }, [], others, options), facts)
        const index = indexFiles(files, { ...facts, others: elsewhere })
        const results = await checkPagesInSteps(reports, index, {
          signal,
          onProgress: (done) => progress({ done, total: reports.length, unit: 'items' }),
        })
        const shown = new Map([...results].map(([filePath, check]) => [filePath, withTextPaths(check)]))
        return { instance: instanceId(), ui_home: uiHome ?? null, checkedAt, results: shown }
      },
    }),
  }
}

/** Names that are no text as people are shown them: JSON has no bytes. */
function withTextPaths(check: PageCheck): PageCheck {
  const toText = (text: string): string => (isBytes(text) ? escapeName(text) : text)
  const files = check.files.map((file) => ({
    ...file,
    ...(file.path === undefined ? {} : { path: toText(file.path) }),
    ...(file.reason === undefined ? {} : { reason: toText(file.reason) }),
  }))
  return { ...check, path: check.path === null ? null : toText(check.path), files }
}
