import { and, eq, isNull, lt, or } from 'drizzle-orm'
import { type ComparedRow, listingsOf } from './library/compared-rows.ts'
import { createConfirm } from './library/confirm.ts'
import { createFileFinder, type FileHints } from './library/find-files.ts'
import type { ModelDigests } from './library/known-digests.ts'
import type { LibraryReader } from './library/reader.ts'
import type { Refresher } from './library/refresh.ts'
import { among } from './library/rows.ts'
import { isInScope, type Scope, scopeOf } from './library/scope.ts'
import { createSharedLook } from './library/shared-look.ts'
import type { LibraryDeps } from './library/take-changes.ts'
import { unhashedRows } from './library/unhashed.ts'
import { unreadableFiles } from './library/unreadable.ts'
import type { ModelType } from './model-file.ts'
import type { ModelRoot } from './root.ts'
import { confine } from './roots/confine.ts'
import type { WalkProblem } from './scan/walked-file.ts'
import { modelFilesTable as files } from './table.ts'

export type { FileHints } from './library/find-files.ts'
export type { ModelDigests } from './library/known-digests.ts'

export interface LibraryFile {
  /** Real path, symlinks resolved. */
  readonly path: string
  /** Absolute path as it stands below its root. */
  readonly listedPath: string
  /** Name under which a UI lists it: `style/foo.safetensors`. */
  readonly name: string
  readonly type: ModelType
  readonly sizeBytes: number
  /** As Civitai said of its digest, else as its sidecars claim. */
  readonly civitaiVersionId: number | undefined
  /** The name that its trainer gave it. */
  readonly outputName: string | undefined
  /** Undefined while they are not known. */
  digests: ModelDigests | undefined
  /** Why it cannot be read, once that was tried. */
  fault: string | undefined
}

/** The model files of this host: as the index has them, and after {@link Library.look} as they are. */
export interface Library {
  /**
   * What the index knows by any of these hints: a file for each name that leads to it; those of one file have the same
   * `path`. What nothing could load is left out.
   */
  find(hints: FileHints): Promise<readonly LibraryFile[]>
  /**
   * Brings the index in line with the disk and hashes nothing; where somebody else does so, it is done once for both.
   * @throws the signal's reason
   */
  look(): Promise<void>
  /** Folders that could not be read when it looked. */
  readonly unreadable: readonly string[]
  /** Reads the headers of all files that came since they were read: these tell of names, versions and damage. */
  readHeaders(): Promise<void>
  /** Files whose digests are not all known, the small ones first. */
  unhashed(): Promise<readonly LibraryFile[]>
  /**
   * Whether the file is at its listed path as it was found, and can be loaded as far as its header tells: it is read
   * where nobody has done so yet.
   */
  confirm(file: LibraryFile): Promise<boolean>
  /**
   * Reads the file unless its digests are known, before whatever else waits to be read; afterwards it has either
   * `digests` or a `fault`.
   * @throws the signal's reason
   */
  digest(file: LibraryFile, onBytes?: (done: number) => void): Promise<void>
  /** Files that are there and cannot be read, the first of them; none before it has looked. */
  faults(limit: number): Promise<readonly WalkProblem[]>
  /** Remembers that something needs these of the files that were found. */
  markUsed(listedPaths: readonly string[]): Promise<void>
}

export interface OpenOptions {
  /** For a caller with a token: only what lies within the named roots, which are real paths. */
  readonly confined?: boolean
  /** Milliseconds since the epoch: a look at the disk that began later is new enough. @default now */
  readonly since?: number
}

export interface LibraryOpener {
  /**
   * The files below `roots`, at which it looks at once; below the host's own where there are none, and then as the
   * index has them.
   */
  open(roots: readonly string[], signal: AbortSignal, options?: OpenOptions): Promise<Library>
}

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
/** A use is remembered to the minute: a file that every import needs is not written by each of them. */
const USE_MS = 60_000

export function createLibraryOpener(deps: LibraryOpenerDeps): LibraryOpener {
  const { db, instanceId, clock, refresher, reader } = deps
  const findRows = createFileFinder(deps)
  const isConfirmed = createConfirm(deps)
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
        unhashed: async () => list(await unhashedRows(deps, scope, signal)),
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
          if (paths.length === 0) return
          const isOlder = or(isNull(files.lastUsedAt), lt(files.lastUsedAt, now - USE_MS))
          await db.write(async (tx) => {
            await tx
              .update(files)
              .set({ lastUsedAt: now })
              .where(and(eq(files.instanceId, instanceId()), among(files.path, paths), isOlder))
          })
        },
      }
    },
  }
}
