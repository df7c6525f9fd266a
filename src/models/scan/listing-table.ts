import type { Folder, Found } from './found.ts'

const HARD_LINKED = 1
const PARTIAL = 2

/**
 * Listings in columns: a hundred thousand objects, with a bigint or two in each, would be a hundred megabytes for the
 * garbage collector. Whatever few files have is kept aside.
 */
export interface ListingTable {
  readonly count: number
  /** Returns the number of the row. */
  add(found: Found): number
  at(row: number): Found
  folder(row: number): Folder
  name(row: number): string
  /** Where the listed name itself is a symlink. */
  target(row: number): string | undefined
  isReachedByLink(row: number): boolean
  isPartial(row: number): boolean
  /** Number of its sidecars; 0: there are none. */
  sidecars(row: number): number
  /** Whether `stat` said the same as what is stored. */
  hasStat(row: number, sizeBytes?: number, modifiedUs?: number, changedUs?: number): boolean
  /** Rounded beyond 2^53: equal ones may differ, different ones do. */
  inode(row: number): number
  readonly hasHardLinks: boolean
}

export function createListingTable(): ListingTable {
  const folders: Folder[] = []
  const names: string[] = []
  const targets = new Map<number, string>()
  const sidecars = new Map<number, number>()
  /** A file may be mounted into a folder of another device. */
  const devices = new Map<number, bigint>()
  const exactInodes = new Map<number, bigint>()
  let inFolder = new Uint32Array(1_024)
  let flags = new Uint8Array(1_024)
  /** Size, modified, changed, inode: four to a row. */
  let numbers = new Float64Array(4_096)
  let count = 0
  let hasHardLinks = false

  function grow(): void {
    const double = count * 2
    const [oldFolder, oldFlags, oldNumbers] = [inFolder, flags, numbers]
    inFolder = new Uint32Array(double)
    flags = new Uint8Array(double)
    numbers = new Float64Array(double * 4)
    inFolder.set(oldFolder)
    flags.set(oldFlags)
    numbers.set(oldNumbers)
  }

  const folderOf = (row: number): Folder => folders[inFolder[row] as number] as Folder

  return {
    get count() {
      return count
    },
    get hasHardLinks() {
      return hasHardLinks
    },
    add(found) {
      if (count === inFolder.length) grow()
      const row = count
      count += 1
      if (folders.at(-1) !== found.folder) folders.push(found.folder)
      inFolder[row] = folders.length - 1
      flags[row] = (found.hardLinked ? HARD_LINKED : 0) | (found.partial ? PARTIAL : 0)
      hasHardLinks ||= found.hardLinked
      const inode = Number(found.inode)
      numbers[row * 4] = found.sizeBytes
      numbers[row * 4 + 1] = found.modifiedUs
      numbers[row * 4 + 2] = found.changedUs
      numbers[row * 4 + 3] = inode
      names.push(found.name)
      if (inode > Number.MAX_SAFE_INTEGER) exactInodes.set(row, found.inode)
      if (found.device !== found.folder.device) devices.set(row, found.device)
      if (found.target !== undefined) targets.set(row, found.target)
      if (found.sidecars !== 0) sidecars.set(row, found.sidecars)
      return row
    },
    at(row) {
      const folder = folderOf(row)
      const flag = flags[row] as number
      return {
        folder,
        name: names[row] as string,
        target: targets.get(row),
        sizeBytes: numbers[row * 4] as number,
        modifiedUs: numbers[row * 4 + 1] as number,
        changedUs: numbers[row * 4 + 2] as number,
        device: devices.get(row) ?? folder.device,
        inode: exactInodes.get(row) ?? BigInt(numbers[row * 4 + 3] as number),
        hardLinked: (flag & HARD_LINKED) !== 0,
        partial: (flag & PARTIAL) !== 0,
        sidecars: sidecars.get(row) ?? 0,
      }
    },
    folder: folderOf,
    name: (row) => names[row] as string,
    target: (row) => targets.get(row),
    isReachedByLink: (row) => folderOf(row).linked || targets.has(row),
    isPartial: (row) => ((flags[row] as number) & PARTIAL) !== 0,
    sidecars: (row) => sidecars.get(row) ?? 0,
    hasStat: (row, sizeBytes, modifiedUs, changedUs) =>
      numbers[row * 4] === sizeBytes && numbers[row * 4 + 1] === modifiedUs && numbers[row * 4 + 2] === changedUs,
    inode: (row) => numbers[row * 4 + 3] as number,
  }
}
