import type { BigIntStats } from 'node:fs'
import { link, lstat, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { toMicroseconds } from '../lib/file-numbers.ts'
import { createId } from '../lib/id.ts'
import type { ModelRow } from './library/rows.ts'
import { haveSameBytes, type SameBytesOptions } from './same-bytes.ts'

/** A file as it is on the disk, and as its row says that it was hashed. */
export interface HashedFile {
  readonly row: ModelRow
  readonly stats: BigIntStats
}

/** The file of a row, unless anything about it has changed since its digests were read. */
export async function asHashed(row: ModelRow): Promise<HashedFile | undefined> {
  const stats = await lstat(row.path, { bigint: true }).catch(() => undefined)
  const same =
    stats?.isFile() === true &&
    Number(stats.size) === row.sizeBytes &&
    toMicroseconds(stats.mtimeNs) === row.modifiedUs &&
    toMicroseconds(stats.ctimeNs) === row.changedUs
  return same ? { row, stats } : undefined
}

/** Why `copy` cannot become a name of `kept`, both as they were found; undefined where it can. */
export async function whyNot(
  kept: HashedFile,
  copy: HashedFile,
  options: SameBytesOptions,
): Promise<string | undefined> {
  const { mode, uid, gid } = kept.stats
  if (copy.stats.mode !== mode || copy.stats.uid !== uid || copy.stats.gid !== gid) {
    return 'Its owner or its permissions are others'
  }
  // Their digests agree, but a disk may have changed bytes since: then the good file would be lost.
  if (!(await haveSameBytes(kept.row.path, copy.row.path, options))) return 'Its bytes are not those that were hashed'
  for (const { row, stats } of [kept, copy]) {
    const now = await lstat(row.path, { bigint: true })
    if (now.ino !== stats.ino || now.ctimeNs !== stats.ctimeNs) return 'It changed while it was compared'
  }
  return undefined
}

/** What a link is called until it takes the place of a copy. */
const TEMPORARY = /^\.airkeep-link_[0-9a-z]+$/

/**
 * Puts further names of `kept` in the place of every name of `copy` that is known. Each name leads to one or the other
 * at any moment. @returns the names, those first that were replaced, and whether the copy's bytes are free now
 * @throws what the system says
 */
export async function joinCopy(kept: HashedFile, copy: HashedFile): Promise<{ names: string[]; freed: boolean }> {
  const names: string[] = []
  for (const name of [copy.row.path, ...copy.row.aliases.map(String)]) {
    const stats = await lstat(name, { bigint: true }).catch(() => undefined)
    // A symlink, or the same name by another way.
    if (stats === undefined || stats.ino !== copy.stats.ino || stats.dev !== copy.stats.dev) continue
    const temporary = join(dirname(name), `.airkeep-${createId('link')}`)
    await link(kept.row.path, temporary)
    try {
      // Whoever may write to the folder of the kept file can put another in its place after it was compared.
      const made = await lstat(temporary, { bigint: true })
      if (made.ino !== kept.stats.ino || made.dev !== kept.stats.dev) throw new Error('The kept file was replaced')
      await rename(temporary, name)
      names.push(name)
    } finally {
      // Also what a rename leaves, which does nothing where both are one file already.
      await rm(temporary, { force: true })
    }
  }
  return { names, freed: BigInt(names.length) >= copy.stats.nlink }
}

/** Removes what a process left that ended between two steps. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true })
}
