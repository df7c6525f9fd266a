import { lstatSync } from 'node:fs'
import { toMicroseconds } from '../../lib/file-numbers.ts'
import { placeModel } from '../layout.ts'
import type { ModelType } from '../model-file.ts'
import { compareListings, type Found, listedPath, realPath } from './found.ts'
import { createListingTable, type ListingTable } from './listing-table.ts'
import { createRowIndex } from './row-index.ts'

/** The real files of a walk. */
export interface JoinedFiles {
  readonly listings: ListingTable
  /** How many real files there are so far. */
  readonly count: number
  add(found: Found): void
  /** Each file by the row of the listing that counts, with the rows of the others. */
  each(onFile: (row: number, others: readonly number[]) => void): void
}

/**
 * Joins listings that lead to one file: symlinks, hard links, bind mounts and roots within roots share device and
 * inode. Numbers find them fast; the exact bigints confirm.
 */
export function createJoinedFiles(): JoinedFiles {
  const listings = createListingTable()
  const byInode = createRowIndex()
  const firsts: number[] = []
  const others = new Map<number, number[]>()
  return {
    listings,
    get count() {
      return firsts.length
    },
    add(found) {
      const row = listings.add(found)
      const inode = listings.inode(row)
      const first = byInode.find(inode, (other) => listings.inode(other) === inode && isSame(listings.at(other), found))
      if (first === undefined) {
        byInode.add(inode, row)
        firsts.push(row)
      } else {
        const rows = others.get(first)
        if (rows === undefined) others.set(first, [row])
        else rows.push(row)
      }
    },
    each(onFile) {
      for (const row of firsts) {
        const more = others.get(row)
        if (more === undefined) onFile(row, NONE)
        else {
          const [first = row, ...rest] = ordered([row, ...more], listings)
          onFile(first, rest)
        }
      }
    },
  }
}

/** Some filesystems of userspace make inode numbers up, or have none. */
function isSame(a: Found, b: Found): boolean {
  if (a.inode !== b.inode || a.device !== b.device) return false
  const path = realPath(a)
  if (path === realPath(b)) return true
  if (a.sizeBytes === b.sizeBytes && a.modifiedUs === b.modifiedUs) return a.inode !== 0n
  // Perhaps it was written to between the two looks.
  try {
    const now = lstatSync(path, { bigint: true })
    return now.ino === b.inode && now.dev === b.device && toMicroseconds(now.mtimeNs) >= b.modifiedUs
  } catch {
    return false
  }
}

/**
 * The listing that counts first: below one root one whose folder says what the file is, before the order that holds
 * otherwise. Roots may overlap, so that one listing comes twice.
 */
function ordered(rows: readonly number[], listings: ListingTable): number[] {
  const paths = new Set<string>()
  return rows
    .map((row) => {
      const found = listings.at(row)
      return { row, found, isOther: typeIn(found) === 'other' }
    })
    .toSorted((a, b) => {
      const isOneRoot = a.found.folder.root.index === b.found.folder.root.index
      return (isOneRoot ? Number(a.isOther) - Number(b.isOther) : 0) || compareListings(a.found, b.found)
    })
    .filter(({ found }) => !paths.has(listedPath(found)) && paths.add(listedPath(found)))
    .map(({ row }) => row)
}

function typeIn({ folder: { root, relative }, name }: Found): ModelType {
  return root.root.type ?? placeModel(root.root.path, relative + name).type
}

const NONE: readonly number[] = []
