import type { LibraryFile, LibraryOpener } from '../library.ts'
import type { ModelRoot } from '../root.ts'
import { confine } from '../roots/confine.ts'
import { type ComparedRow, listingsOf } from './compared-rows.ts'
import { createConfirm } from './confirm.ts'
import { createFileFinder } from './find-files.ts'
import { createPartFinder } from './find-partly.ts'
import type { LibraryReader } from './reader.ts'
import type { Refresher } from './refresh.ts'
import { isInScope, type Scope, scopeOf } from './scope.ts'
import { createSharedLook } from './shared-look.ts'
import type { LibraryDeps } from './take-changes.ts'
import { unhashedRows } from './unhashed.ts'
import { unreadableFiles } from './unreadable.ts'
import { createUseMarker, USE_MS } from './use-marker.ts'

export interface LibraryOpenerDeps extends LibraryDeps {
  readonly refresher: Refresher
  readonly reader: LibraryReader
  readonly rootsOf: (named: readonly string[]) => Promise<readonly ModelRoot[]>
}

interface Looked {
  readonly scope: Scope
  readonly unreadable: readonly string[]
}

/** For as long the model folders are taken to be those that they were: finding them asks UIs and reads their files. */
const ROOTS_MS = 2_000

export function createLibraryOpener(deps: LibraryOpenerDeps): LibraryOpener {
  const { clock, refresher, reader } = deps
  const findRows = createFileFinder(deps)
  const findPartly = createPartFinder(deps)
  const isConfirmed = createConfirm(deps)
  const useMarker = createUseMarker(deps)
  let host: { readonly scope: Promise<Scope>; readonly at: number } | undefined

  const takeHost = (scope: Promise<Scope>): Promise<Scope> => {
    const taken = { scope, at: performance.now() }
    host = taken
    scope.catch(() => {
      if (host === taken) host = undefined
    })
    return scope
  }
  const hostScope = (): Promise<Scope> =>
    host !== undefined && performance.now() - host.at < ROOTS_MS ? host.scope : takeHost(deps.rootsOf([]).then(scopeOf))

  async function look(named: readonly string[], confined: boolean, signal: AbortSignal): Promise<Looked> {
    const found = await deps.rootsOf(named)
    const roots = confined && named.length > 0 ? await confine(found, named) : found
    const hostRoots = named.length === 0 ? roots : undefined
    const { unreadable } = await refresher.refresh({ roots, hostRoots, signal })
    return { scope: await scopeOf(roots), unreadable: unreadable.map(({ path }) => path) }
  }
  const lookAtHost = createSharedLook({
    clock,
    async look(signal) {
      const looked = await look([], false, signal)
      await takeHost(Promise.resolve(looked.scope))
      return looked
    },
  })
  const readAllHeaders = createSharedLook({ clock, look: (signal) => reader.inspectAll(signal) })

  return {
    async open(named, signal, { confined = false, since = clock.now() } = {}) {
      let looked = named.length === 0 ? undefined : await look(named, confined, signal)
      let scope = looked?.scope ?? (await hostScope())
      const rows = new Map<LibraryFile, ComparedRow>()
      const list = (found: readonly ComparedRow[]): readonly LibraryFile[] =>
        found.flatMap((row) => {
          const listings = listingsOf(row, scope.roots)
          for (const file of listings) rows.set(file, row)
          return listings
        })
      return {
        find: async (hints) => list((await findRows(hints)).filter((row) => isInScope(scope, row))),
        findPartly: async (stems) => list((await findPartly(stems)).filter((row) => isInScope(scope, row))),
        async look() {
          looked ??= await lookAtHost({ since, signal })
          scope = looked.scope
        },
        get unreadable() {
          return looked?.unreadable ?? []
        },
        async readHeaders() {
          await readAllHeaders({ since, signal })
        },
        unhashed: async (sizes) => list(await unhashedRows(deps, scope, signal, sizes)),
        async confirm(file) {
          const row = rows.get(file)
          return row !== undefined && isConfirmed(file, row, signal)
        },
        async digest(file, onBytes) {
          const row = rows.get(file)
          if (row === undefined || (file.digests !== undefined && file.digests.incomplete !== true)) return
          const { fault, digest } = await reader.hash(row, { priority: 'now', signal, onBytes })
          if (digest === undefined) file.fault = fault
          else {
            const { sha256, tensorSha256, autoV1, blake3, crc32 } = digest
            const more = { ...(blake3 === undefined ? {} : { blake3 }), ...(crc32 === undefined ? {} : { crc32 }) }
            file.digests = { sha256, tensorSha256, autoV1, ...more }
          }
        },
        async faults(limit) {
          if (looked === undefined) return []
          const roots = scope.roots.map(({ path }) => path)
          const { shown } = await unreadableFiles(deps, { roots, except: [], limit })
          const met = [...rows.keys()].flatMap(({ listedPath: path, fault: reason }) =>
            reason === undefined ? [] : [{ path, reason }],
          )
          return [...new Map([...met, ...shown].map((each) => [each.path, each])).values()].slice(0, limit)
        },
        async markUsed(listedPaths) {
          const used = new Set(listedPaths)
          const now = clock.now()
          const paths = [...rows].flatMap(([{ listedPath }, { path, lastUsedAt }]) =>
            used.has(listedPath) && (lastUsedAt === null || lastUsedAt < now - USE_MS) ? [path] : [],
          )
          await useMarker.mark(paths)
        },
      }
    },
  }
}
