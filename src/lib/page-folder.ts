import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { AppError } from '../errors.ts'

/** A page of a catalog as it lies on disk. */
export interface PageFile {
  /** Below the catalog, `/` between the parts. */
  readonly file_path: string
  /** Real path; left out where `fault` says why it cannot be read. */
  readonly path?: string
  readonly fault?: string
}

export interface CatalogFolder {
  /** Sorted by path. */
  readonly pages: readonly PageFile[]
  /** Folders that could not be looked into. */
  readonly notes: readonly string[]
}

const MAX_PAGES = 100_000
const MAX_DEPTH = 64
const PAGE = /\.(?:md|markdown)$/i
const NO_CATALOG = /^(?:\.|node_modules$)/

export const isPageName = (name: string): boolean => PAGE.test(name)

export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)

interface Pending {
  readonly real: string
  readonly relative: string
  readonly depth: number
}

/**
 * Every page below a folder, through symlinks that stay inside; each folder once, whatever leads to it.
 * @param root real path
 * @throws AppError payload_too_large, cancelled
 */
export async function listPages(root: string, signal: AbortSignal): Promise<CatalogFolder> {
  const pages: PageFile[] = []
  const notes: string[] = []
  const seen = new Set<string>()
  const pending: Pending[] = [{ real: root, relative: '', depth: 0 }]

  async function take(entry: Dirent, folder: Pending): Promise<void> {
    const relative = folder.relative === '' ? entry.name : `${folder.relative}/${entry.name}`
    const path = join(folder.real, entry.name)
    const isPage = isPageName(entry.name)
    if (NO_CATALOG.test(entry.name)) return
    if (entry.isDirectory()) pending.push({ real: path, relative, depth: folder.depth + 1 })
    else if (entry.isFile()) isPage && pages.push({ file_path: relative, path })
    else if (entry.isSymbolicLink()) {
      const target = await follow(path, root)
      if (target.folder !== undefined) pending.push({ real: target.folder, relative, depth: folder.depth + 1 })
      else if (isPage) pages.push({ file_path: relative, ...target })
    } else if (isPage) pages.push({ file_path: relative, fault: 'It is no regular file' })
  }

  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    signal.throwIfAborted()
    try {
      const { dev, ino } = await stat(folder.real)
      const id = `${dev}:${ino}`
      if (seen.has(id)) continue
      seen.add(id)
      if (folder.depth > MAX_DEPTH) throw new Error('it lies too deep')
      for (const entry of await readdir(folder.real, { withFileTypes: true })) await take(entry, folder)
    } catch (error) {
      notes.push(`the folder ${folder.relative === '' ? '.' : folder.relative} cannot be read: ${reasonOf(error)}`)
    }
    if (pages.length > MAX_PAGES) {
      throw new AppError('payload_too_large', `The folder holds more than ${MAX_PAGES} pages`, {
        hint: 'Name the folder of the catalog itself',
      })
    }
  }
  return { pages: pages.sort((one, other) => (one.file_path < other.file_path ? -1 : 1)), notes }
}

interface Followed {
  readonly path?: string
  readonly folder?: string
  readonly fault?: string
}

async function follow(link: string, root: string): Promise<Followed> {
  try {
    const real = await realpath(link)
    if (!isWithin(real, root)) return { fault: 'It is a symlink that leads out of the catalog' }
    const stats = await stat(real)
    if (stats.isDirectory()) return { folder: real }
    return stats.isFile() ? { path: real } : { fault: 'It is no regular file' }
  } catch (error) {
    return { fault: `It is a symlink that leads nowhere: ${reasonOf(error)}` }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it does not exist',
  ELOOP: 'it leads to itself',
  ENOTDIR: 'a part of its path is no folder',
  ENAMETOOLONG: 'its path is too long',
  EIO: 'the disk failed',
}

/** What the system says of a file, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? (code === '' && error instanceof Error ? error.message : 'the system refuses it')
}
