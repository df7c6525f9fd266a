import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'

/** A page below a folder, or why there is none behind its name. */
export interface PageBelow {
  /** Below the folder, `/` between the parts. */
  readonly name: string
  /** Real path; left out where `fault` says why it cannot be read. */
  readonly path?: string
  readonly fault?: string
}

export interface PagesBelow {
  readonly pages: readonly PageBelow[]
  /** Folders that could not be looked into. */
  readonly notes: readonly string[]
}

const PAGE = /\.(?:md|markdown)$/i
const NO_CATALOG = /^(?:\.|node_modules$)/
const MAX_DEPTH = 64

/** The pages that a server would find there itself: through links that stay inside, each folder once. */
export async function pagesBelow(folder: string): Promise<PagesBelow> {
  const root = await realpath(folder)
  const pages: PageBelow[] = []
  const notes: string[] = []
  const seen = new Set<string>()
  const pending = [{ path: root, name: '', depth: 0 }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path: parent, name: parentName, depth } = next
    if (seen.has(parent)) continue
    seen.add(parent)
    for (const entry of await entriesOf(parent, parentName, notes)) {
      const name = parentName === '' ? entry.name : `${parentName}/${entry.name}`
      if (NO_CATALOG.test(entry.name)) continue
      const found = entry.isSymbolicLink() ? await follow(join(parent, entry.name), root) : kindOf(entry, parent)
      if (found.folder === undefined) {
        if (PAGE.test(entry.name)) pages.push({ name, ...found })
      } else if (depth < MAX_DEPTH) pending.push({ path: found.folder, name, depth: depth + 1 })
      else notes.push(`the folder ${name} lies too deep`)
    }
  }
  return { pages: pages.sort((one, other) => (one.name < other.name ? -1 : 1)), notes }
}

async function entriesOf(path: string, name: string, notes: string[]): Promise<readonly Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch {
    notes.push(`the folder ${name === '' ? '.' : name} cannot be read`)
    return []
  }
}

interface Found {
  readonly path?: string
  readonly folder?: string
  readonly fault?: string
}

const NO_FILE = 'It is no regular file'

function kindOf(entry: Dirent, parent: string): Found {
  const path = join(parent, entry.name)
  if (entry.isDirectory()) return { folder: path }
  return entry.isFile() ? { path } : { fault: NO_FILE }
}

async function follow(link: string, root: string): Promise<Found> {
  try {
    const real = await realpath(link)
    if (real !== root && !real.startsWith(root + sep)) return { fault: 'It is a symlink that leads out of the catalog' }
    const stats = await stat(real)
    if (stats.isDirectory()) return { folder: real }
    return stats.isFile() ? { path: real } : { fault: NO_FILE }
  } catch {
    return { fault: 'It is a symlink that leads nowhere' }
  }
}
