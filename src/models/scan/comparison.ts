import type { Found } from './found.ts'
import { NUMBERS, type PackedFiles, unpackPaths } from './packed.ts'
import { createPathIndex } from './path-index.ts'
import { createPlaces } from './places.ts'
import type { Walk } from './walk.ts'
import type { WalkedFile } from './walked-file.ts'

/** What a walk found against what is stored, of which the pages come one after another. */
export interface Comparison {
  /** Model files found, each real file once. */
  readonly files: number
  readonly unchanged: number
  take(stored: PackedFiles): void
  /** After the last page: the next files that are new or not as they were stored; none are left when it is empty. */
  changed(most: number): WalkedFile[]
  /** The next stored paths that the walk did not meet; the same. */
  vanished(most: number): string[]
  /** Listed and real folders, with a slash at their ends, of files to which several paths or a symlink lead. */
  readonly entangled: ReadonlySet<string>
}

export function createComparison({ files, unknown }: Walk): Comparison {
  const { listings } = files
  const byPath = createPathIndex(listings)
  const otherRows = new Map<number, readonly number[]>()
  const places = createPlaces(listings, (row) => otherRows.get(row))
  const entangled = new Set<string>()
  const vanished: string[] = []
  const isUnchanged = new Uint8Array(listings.count)
  const rows: number[] = []
  let different: number[] | undefined
  let unchanged = 0

  files.each((row, others) => {
    // False for a file that was replaced while the walk met both the old one and the new one.
    if (!byPath.add(row)) return
    rows.push(row)
    if (others.length > 0) otherRows.set(row, others)
    if (others.length > 0 || listings.isReachedByLink(row)) {
      for (const listing of [row, ...others]) addFolders(entangled, listings.at(listing))
    }
  })
  return {
    files: rows.length,
    get unchanged() {
      return unchanged
    },
    entangled,
    take({ paths, numbers }) {
      let at = 0
      for (const path of unpackPaths(paths)) {
        const [size, modified, changed, place] = [numbers[at], numbers[at + 1], numbers[at + 2], numbers[at + 3]]
        at += NUMBERS
        const row = byPath.find(path)
        if (row === undefined) {
          if (!unknown.some((folder) => path.startsWith(folder))) vanished.push(path)
        } else if (listings.hasStat(row, size, modified, changed) && places.numberOf(row) === place) {
          isUnchanged[row] = 1
          unchanged += 1
        }
      }
    },
    changed(most) {
      different ??= rows.filter((row) => isUnchanged[row] === 0).reverse()
      return different.splice(-most).reverse().map(places.toWalkedFile)
    },
    vanished: (most) => vanished.splice(-most),
  }
}

function addFolders(folders: Set<string>, found: Found): void {
  folders.add(found.folder.listed)
  folders.add(found.folder.real)
  if (found.target !== undefined) folders.add(found.target.slice(0, found.target.lastIndexOf('/') + 1))
}
