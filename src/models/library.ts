import { realpath } from 'node:fs/promises'
import { and, asc, eq, gte, inArray, isNull, lt, notInArray, or, type SQL } from 'drizzle-orm'
import type { ModelState } from './inspect/inspection.ts'
import { type ModelDigests, toDigests } from './library/known-digests.ts'
import type { LibraryReader } from './library/reader.ts'
import type { Refresher } from './library/refresh.ts'
import { among, listedPathOf, type ModelRow } from './library/rows.ts'
import type { LibraryDeps } from './library/take-changes.ts'
import type { ModelType } from './model-file.ts'
import type { ModelRoot } from './root.ts'
import { modelFilesTable as files } from './table.ts'

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
  /** Undefined while they are not known. */
  digests: ModelDigests | undefined
  /** Why it cannot be read, once that was tried. */
  fault: string | undefined
}

/** The model files of this host as they are now. */
export interface Library {
  readonly files: readonly LibraryFile[]
  readonly unreadable: readonly string[]
  /**
   * Reads the file unless its digests are known, before whatever else waits to be read; afterwards it has either
   * `digests` or a `fault`.
   * @throws the signal's reason
   */
  digest(file: LibraryFile, signal: AbortSignal, onBytes?: (done: number) => void): Promise<void>
  /** Remembers that something needs these files. */
  markUsed(listedPaths: readonly string[]): Promise<void>
}

export interface LibraryOpener {
  /** Looks at the disk and hashes nothing; `roots` are the host's own where there are none. */
  open(roots: readonly string[], signal: AbortSignal): Promise<Library>
}

export interface LibraryOpenerDeps extends LibraryDeps {
  readonly refresher: Refresher
  readonly reader: LibraryReader
  readonly rootsOf: (named: readonly string[]) => Promise<readonly ModelRoot[]>
}

/** Nothing a UI could load. */
const USELESS: readonly ModelState[] = ['partial', 'truncated', 'corrupt', 'html']

export function createLibraryOpener(deps: LibraryOpenerDeps): LibraryOpener {
  const { db, instanceId, clock } = deps
  return {
    async open(named, signal) {
      const roots = await deps.rootsOf(named)
      const { unreadable } = await deps.refresher.refresh({ roots, signal })
      const rows = await db.read
        .select()
        .from(files)
        .where(
          and(
            eq(files.instanceId, instanceId()),
            isNull(files.goneAt),
            notInArray(files.state, [...USELESS]),
            await isBelow(roots),
          ),
        )
        .orderBy(asc(files.path))
      const found = new Map<LibraryFile, ModelRow>()
      for (const row of rows) found.set(toFile(row), row)
      return {
        files: [...found.keys()],
        unreadable: unreadable.map(({ path }) => path),
        async digest(file, digestSignal, onBytes) {
          const row = found.get(file)
          if (row === undefined || (file.digests !== undefined && file.digests.incomplete !== true)) return
          const { fault, digest } = await deps.reader.hash(row, { priority: 'now', signal: digestSignal, onBytes })
          if (digest === undefined) file.fault = fault
          else {
            const { sha256, tensorSha256, autoV1 } = digest
            file.digests = { sha256, tensorSha256, autoV1 }
          }
        },
        async markUsed(listedPaths) {
          const used = new Set(listedPaths)
          const paths = [...found].flatMap(([{ listedPath }, { path }]) => (used.has(listedPath) ? [path] : []))
          if (paths.length === 0) return
          await db.write(async (tx) => {
            await tx
              .update(files)
              .set({ lastUsedAt: clock.now() })
              .where(and(eq(files.instanceId, instanceId()), among(files.path, paths)))
          })
        },
      }
    },
  }
}

/** Found below one of the roots, or known below a wider one and lying in it. */
async function isBelow(roots: readonly ModelRoot[]): Promise<SQL | undefined> {
  const paths = roots.map(({ path }) => path)
  const reals = await Promise.all(paths.map((path) => realpath(path).catch(() => path)))
  // `0` is the letter behind `/`.
  const within = reals.map((real) => and(gte(files.path, `${real}/`), lt(files.path, `${real}0`)))
  return or(inArray(files.root, paths), ...within)
}

const toFile = (row: ModelRow): LibraryFile => ({
  path: row.path,
  listedPath: listedPathOf(row),
  name: row.name,
  type: row.type,
  sizeBytes: row.sizeBytes,
  digests: toDigests(row),
  fault: row.state === 'unreadable' ? (row.fault ?? undefined) : undefined,
})
