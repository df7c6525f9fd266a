import type { Stats } from 'node:fs'
import { lstat, realpath } from 'node:fs/promises'
import { dirname, isAbsolute, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../errors.ts'
import { outsideRoots } from '../lib/exact-file.ts'
import type { Actor } from '../operation/permission.ts'

/** A regular file that the caller may read. */
export interface LocalFile {
  /** Real path, symlinks resolved: open this one. */
  readonly path: string
  readonly sizeBytes: number
  /** Nothing but the file at exactly this path may be read: pass it on to whoever opens it. */
  readonly exact: boolean
}

/** Which local paths a caller may name. */
export interface LocalFiles {
  /**
   * The owner may name any regular file; a caller with a token only those under the configured roots.
   * @param path absolute path or `file://` URL
   * @throws AppError invalid_input (not absolute, a folder, a FIFO, a device), not_found, forbidden: outside the roots
   * a token caller gets the same `forbidden` whatever exists there
   */
  find(path: string, actor: Actor): Promise<LocalFile>
  /**
   * The real path of a folder, by the same rules.
   * @throws AppError invalid_input (not absolute, no folder), not_found, forbidden
   */
  findFolder(path: string, actor: Actor): Promise<string>
}

export interface LocalFilesDeps {
  /** Folders that callers with a token may name, as configured; one that does not exist allows nothing. */
  readonly roots: () => readonly string[]
  /** Folders and files that callers with a token may never name, even below a root: the data directory holds secrets. */
  readonly closed?: () => Promise<readonly string[]>
}

/** Looks at names and kinds only and opens nothing: opening a FIFO waits, opening a device may act. */
export function createLocalFiles({ roots, closed = async () => [] }: LocalFilesDeps): LocalFiles {
  async function locate(given: string, actor: Actor): Promise<{ real: string; stats: Stats }> {
    const path = toAbsolute(given)
    const real =
      actor.kind === 'owner' ? await findForOwner(path, given) : await findUnder(path, roots(), await closed(), given)
    const stats = await lstat(real).catch((cause: unknown) => {
      throw missing(given, cause)
    })
    return { real, stats }
  }

  return {
    async find(given, actor) {
      const { real, stats } = await locate(given, actor)
      if (stats.isFile()) return { path: real, sizeBytes: stats.size, exact: actor.kind !== 'owner' }
      throw new AppError('invalid_input', `${given} is ${kindOf(stats)}, not a regular file`)
    },
    async findFolder(given, actor) {
      const { real, stats } = await locate(given, actor)
      if (stats.isDirectory()) return real
      throw new AppError('invalid_input', `${given} is ${kindOf(stats)}, not a folder`)
    },
  }
}

function toAbsolute(given: string): string {
  let path = given
  if (/^file:/i.test(given)) {
    try {
      path = fileURLToPath(given)
    } catch (cause) {
      throw new AppError('invalid_input', 'The file URL does not name a file of this machine', {
        hint: 'Write it as file:///folder/name',
        cause,
      })
    }
  }
  if (path.includes('\0') || !isAbsolute(path)) {
    throw new AppError('invalid_input', 'A local path must be absolute, such as /folder/name')
  }
  return resolve(path)
}

async function findForOwner(path: string, given: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (cause) {
    throw missing(given, cause)
  }
}

/** The real path if it lies below a root; the same refusal for everything else, whatever exists there. */
async function findUnder(
  path: string,
  roots: readonly string[],
  closed: readonly string[],
  given: string,
): Promise<string> {
  const [allowed, refused] = await Promise.all([realPaths(roots), realPaths(closed)])
  const isOpen = (real: string): boolean =>
    allowed.some((root) => isWithin(real, root)) && !refused.some((shut) => isWithin(real, shut))
  const real = await realpath(path).catch(() => undefined)
  if (real !== undefined && isOpen(real)) return real
  if (real === undefined && (await isMissingWithin(path, isOpen))) throw missing(given, undefined)
  throw outsideRoots()
}

/** Whether a name that does not resolve would lie in an open folder: decided by what does resolve above it. */
async function isMissingWithin(path: string, isOpen: (real: string) => boolean): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const real = await realpath(at).catch(() => undefined)
    if (real !== undefined) return isOpen(real)
    // A link that leads nowhere, or a folder that may not be entered: where it leads is not told.
    if ((await lstat(at).catch(() => undefined)) !== undefined) return false
    if (dirname(at) === at) return false
  }
}

async function realPaths(paths: readonly string[]): Promise<string[]> {
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)))
  return real.filter((path) => path !== undefined)
}

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)

function missing(given: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EACCES' || code === 'EPERM') {
    return new AppError('forbidden', `${given} cannot be reached: permission denied`, { cause })
  }
  if (code === 'ELOOP') return new AppError('invalid_input', `${given} is a symlink that leads to itself`, { cause })
  if (code === 'ENAMETOOLONG') return new AppError('invalid_input', 'The path is too long', { cause })
  return new AppError('not_found', `${given} does not exist`, { cause })
}

function kindOf(stats: Stats): string {
  if (stats.isFile()) return 'a file'
  if (stats.isDirectory()) return 'a folder'
  if (stats.isFIFO()) return 'a FIFO'
  if (stats.isSocket()) return 'a socket'
  if (stats.isSymbolicLink()) return 'a symlink'
  return 'a device'
}
