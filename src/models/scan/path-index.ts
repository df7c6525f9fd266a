import { type Folder, realPath } from './found.ts'
import type { ListingTable } from './listing-table.ts'
import { createRowIndex } from './row-index.ts'

/** Rows of listings by real path, of which no text is kept. */
export interface PathIndex {
  /** False, and nothing is added, where another row has this path. */
  add(row: number): boolean
  find(path: string): number | undefined
}

export function createPathIndex(listings: ListingTable): PathIndex {
  const folderHashes = new Map<Folder, number>()

  function hashOf(row: number): number {
    const target = listings.target(row)
    if (target !== undefined) return hashText(0, target)
    const folder = listings.folder(row)
    let hash = folderHashes.get(folder)
    if (hash === undefined) {
      hash = hashText(0, folder.real)
      folderHashes.set(folder, hash)
    }
    return hashText(hash, listings.name(row))
  }

  function stands(row: number, path: string): boolean {
    const target = listings.target(row)
    if (target !== undefined) return target === path
    const { real } = listings.folder(row)
    const name = listings.name(row)
    return path.length === real.length + name.length && path.endsWith(name) && path.startsWith(real)
  }

  function isSamePath(a: number, b: number): boolean {
    return stands(a, realPath(listings.at(b)))
  }

  const rows = createRowIndex()
  return {
    add(row) {
      const hash = hashOf(row)
      if (rows.find(hash, (other) => isSamePath(row, other)) !== undefined) return false
      rows.add(hash, row)
      return true
    },
    find: (path) => rows.find(hashText(0, path), (row) => stands(row, path)),
  }
}

/** FNV-1a over code units; a text in two parts has the same hash as in one. */
function hashText(begin: number, text: string): number {
  let hash = begin
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash
}
