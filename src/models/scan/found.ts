import type { ModelRoot } from '../root.ts'

/** A root in a walk. */
export interface WalkedRoot {
  /** Place in the order of the roots: of several listings of a file the first root's counts. */
  readonly index: number
  readonly root: ModelRoot
  /** Absolute, without a slash at its end. */
  readonly listed: string
  readonly real: string
}

/** A folder on the way on which it was reached; the same folder may be reached on several. */
export interface Folder {
  readonly root: WalkedRoot
  readonly parent: Folder | undefined
  /** Absolute path as listed, with a slash at its end. */
  readonly listed: string
  /** Absolute path with symlinks resolved, with a slash at its end. */
  readonly real: string
  /** Path below the root, with a slash at its end; empty for the root itself. */
  readonly relative: string
  /** Some folder on the way below the root is a symlink. */
  readonly linked: boolean
  readonly device: bigint
  readonly inode: bigint
}

/** One listing of a file: where it was met, and what `stat` said. */
export interface Found {
  readonly folder: Folder
  readonly name: string
  /** Real path, where the listed name itself is a symlink. */
  readonly target: string | undefined
  readonly sizeBytes: number
  readonly modifiedUs: number
  readonly changedUs: number
  readonly device: bigint
  readonly inode: bigint
  /** It has further hard links, wherever they are. */
  readonly hardLinked: boolean
  readonly partial: boolean
  /** Names, sizes and times of its sidecars as one number; 0: there are none. */
  readonly sidecars: number
}

export const listedPath = ({ folder, name }: Found): string => folder.listed + name

export const realPath = ({ folder, name, target }: Found): string => target ?? folder.real + name

export const isReachedByLink = ({ folder, target }: Found): boolean => folder.linked || target !== undefined

/** Which of two listings of a file counts: that of the first root, the one without links, then the first by name. */
export function compareListings(a: Found, b: Found): number {
  if (a.folder.root.index !== b.folder.root.index) return a.folder.root.index - b.folder.root.index
  const linked = Number(isReachedByLink(a)) - Number(isReachedByLink(b))
  if (linked !== 0) return linked
  const [left, right] = [a.folder.relative + a.name, b.folder.relative + b.name]
  return left < right ? -1 : Number(left > right)
}
