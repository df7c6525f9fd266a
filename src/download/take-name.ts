import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { codeOf, type PlaceFiles } from './place-files.ts'

/**
 * `linked`: the old name is still there. `taken`: something else has the new one. `elsewhere`: the file is on another
 * filesystem and has to be copied first.
 */
export type Taking = 'linked' | 'renamed' | 'taken' | 'elsewhere'

/** What `link` fails with for reasons that every other way of getting the name would fail with too. */
const HOPELESS: ReadonlySet<string> = new Set(
  'ENOENT ENOTDIR ENOSPC EDQUOT EROFS EACCES ENAMETOOLONG ELOOP EIO'.split(' '),
)

/** Ten bytes of a digest: for hidden names that are about these two, however long theirs are. */
export const keyOf = (from: string, target: string): string =>
  createHash('sha256')
    .update(`${basename(from)}\0${basename(target)}`)
    .digest('hex')
    .slice(0, 20)

/** An empty file that says: an empty file under the name of `target` is there for `from`. */
export const noteOf = (from: string, target: string): string =>
  join(dirname(target), `.airkeep-${keyOf(from, target)}.reserved`)

/**
 * Gives `from` the name of `target`, which replaces nothing.
 * @param file what is at `from`
 * @param note of {@link noteOf}
 */
export async function takeName(
  files: PlaceFiles,
  from: string,
  file: BigIntStats,
  target: string,
  note: string,
): Promise<Taking> {
  try {
    await files.link(from, target)
    return 'linked'
  } catch (error) {
    const code = codeOf(error)
    if (HOPELESS.has(code)) throw error
    if (code === 'EEXIST') {
      const there = await files.look(target)
      // Of a call that got no further, or of a server that heard one request twice (NFS).
      if (there !== undefined && there.dev === file.dev && there.ino === file.ino) return 'linked'
      return renameOverOwn(files, from, target, note)
    }
    return code === 'EXDEV' ? 'elsewhere' : renameToReserved(files, from, target, note)
  }
}

/**
 * A rename that replaces nothing, for filesystems without links: whoever creates the empty file under the final name has
 * the name, and the rename replaces that.
 */
async function renameToReserved(files: PlaceFiles, from: string, target: string, note: string): Promise<Taking> {
  if ((await files.look(target)) !== undefined) return renameOverOwn(files, from, target, note)
  if ((await files.look(note)) === undefined) {
    await files.create(note)
    await files.sync(dirname(target))
  }
  try {
    await files.create(target)
  } catch (error) {
    await files.unlink(note)
    if (codeOf(error) === 'EEXIST') return 'taken'
    throw error
  }
  try {
    await files.rename(from, target)
  } catch (error) {
    await files.unlink(target)
    await files.unlink(note)
    if (codeOf(error) === 'EXDEV') return 'elsewhere'
    throw error
  }
  await files.unlink(note)
  return 'renamed'
}

/** For a name that something has: an empty file that an earlier call for the same `from` created is replaced. */
async function renameOverOwn(files: PlaceFiles, from: string, target: string, note: string): Promise<Taking> {
  if ((await files.look(note)) === undefined) return 'taken'
  const there = await files.look(target)
  if (!there?.isFile() || there.size > 0n) {
    await files.unlink(note)
    return 'taken'
  }
  try {
    await files.rename(from, target)
  } catch (error) {
    if (codeOf(error) === 'EXDEV') return 'elsewhere'
    throw error
  }
  await files.unlink(note)
  return 'renamed'
}
