import { realpath } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { and, asc, eq, gt, gte, inArray, isNull, lt, notInArray, or, type SQL } from 'drizzle-orm'
import type { ModelState } from './inspect/inspection.ts'
import type { FileToHash } from './library/digests.ts'
import { type ModelDigests, toDigests } from './library/known-digests.ts'
import { type OtherName, otherNames } from './library/other-names.ts'
import type { LibraryReader } from './library/reader.ts'
import type { Refresher } from './library/refresh.ts'
import { among, listedPathOf, type ModelRow } from './library/rows.ts'
import type { LibraryDeps } from './library/take-changes.ts'
import type { ModelType } from './model-file.ts'
import type { ModelRoot } from './root.ts'
import { confine } from './roots/confine.ts'
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
  /** One for each name that leads to a file; those of one file have the same `path`. */
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
  /**
   * Looks at the disk and hashes nothing; `roots` are the host's own where there are none.
   * @param confined for a caller with a token: only what lies within these roots, which are real paths
   */
  open(roots: readonly string[], signal: AbortSignal, confined?: boolean): Promise<Library>
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
    async open(named, signal, confined = false) {
      const found = await deps.rootsOf(named)
      const roots = confined && named.length > 0 ? await confine(found, named) : found
      const { unreadable } = await deps.refresher.refresh({
        roots,
        hostRoots: named.length === 0 ? roots : undefined,
        signal,
      })
      const usable = await usableFiles(deps, roots, signal)
      return {
        files: [...usable.keys()],
        unreadable: unreadable.map(({ path }) => path),
        async digest(file, digestSignal, onBytes) {
          const row = usable.get(file)
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
          const paths = [...usable].flatMap(([{ listedPath }, { path }]) => (used.has(listedPath) ? [path] : []))
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

/** All that an import compares: of a hundred thousand files whole rows would be a gigabyte. */
const COMPARED = {
  path: files.path,
  root: files.root,
  relative: files.relative,
  name: files.name,
  type: files.type,
  aliases: files.aliases,
  sizeBytes: files.sizeBytes,
  modifiedUs: files.modifiedUs,
  changedUs: files.changedUs,
  device: files.device,
  state: files.state,
  fault: files.fault,
  sha256: files.sha256,
  tensorSha256: files.tensorSha256,
  autoV1: files.autoV1,
  hashedAt: files.hashedAt,
}

type ComparedRow = Pick<ModelRow, keyof typeof COMPARED>

/** Rows that are read between two turns of the event loop. */
const PAGE = 500

async function usableFiles(
  { db, instanceId }: Pick<LibraryDeps, 'db' | 'instanceId'>,
  roots: readonly ModelRoot[],
  signal: AbortSignal,
): Promise<Map<LibraryFile, FileToHash>> {
  const below = await isBelow(roots)
  const found = new Map<LibraryFile, FileToHash>()
  for (let after = ''; ; ) {
    const rows = await db.read
      .select(COMPARED)
      .from(files)
      .where(
        and(
          eq(files.instanceId, instanceId()),
          gt(files.path, after),
          isNull(files.goneAt),
          notInArray(files.state, [...USELESS]),
          below,
        ),
      )
      .orderBy(asc(files.path))
      .limit(PAGE)
    for (const row of rows) {
      const { path, relative, sizeBytes, modifiedUs, changedUs, device } = row
      const file = toFile(row)
      const listings = [file, ...otherNames(row.aliases, roots).map((listing) => underOtherName(file, listing))]
      for (const each of listings) found.set(each, { path, relative, sizeBytes, modifiedUs, changedUs, device })
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return found
    after = last.path
    // Embedded statements finish without a turn of the event loop: others are served in between.
    await setImmediate()
    signal.throwIfAborted()
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

/** The same file: what becomes known of one is known of all. */
const underOtherName = (file: LibraryFile, { listedPath, name, type }: OtherName): LibraryFile => ({
  path: file.path,
  listedPath,
  name,
  type,
  sizeBytes: file.sizeBytes,
  get digests() {
    return file.digests
  },
  set digests(digests) {
    file.digests = digests
  },
  get fault() {
    return file.fault
  },
  set fault(fault) {
    file.fault = fault
  },
})

const toFile = (row: ComparedRow): LibraryFile => ({
  path: row.path,
  listedPath: listedPathOf(row),
  name: row.name,
  type: row.type,
  sizeBytes: row.sizeBytes,
  digests: toDigests(row),
  fault: row.state === 'unreadable' ? (row.fault ?? undefined) : undefined,
})
