import { dirname, join } from 'node:path'
import { AppError } from '../errors.ts'
import { createId } from '../lib/id.ts'
import { nameTaken, placing, toPlaceError } from './place-error.ts'
import { type PlaceFiles, placeFiles, removeLeftovers } from './place-files.ts'
import { keyOf, noteOf, type Taking, takeName } from './take-name.ts'

export interface Placement {
  /** A regular file whose bytes are verified and on the disk. */
  readonly from: string
  /** Its final name, in a folder that exists. */
  readonly target: string
  /** Heard until the file has its name. */
  readonly signal?: AbortSignal | undefined
}

/** A copy that nothing has been written to for so long is of a process that is gone. */
const LEFTOVER_MS = 60 * 60 * 1000

/**
 * Gives a file its final name without ever overwriting anything. A link is made and the old name removed, so that the
 * final name has the whole file from its first moment on. Where a filesystem has no links (exFAT, some of those in user
 * space and on networks), an empty file is created under the final name, which is what takes it from everybody else, and
 * renamed over at once; a process that is killed between the two leaves that empty file, and a note by which the next
 * call knows it. From another filesystem a copy is made first, under a hidden name.
 *
 * What a call did not get to do is done by the next one with the same names, as long as `from` is there.
 * @throws AppError conflict (something has the name, be it a link that leads nowhere), not_found (`from`, the folder),
 * forbidden, disk_full; the signal's reason
 */
export async function placeFile(placement: Placement, files: PlaceFiles = placeFiles): Promise<void> {
  const { from, target, signal } = placement
  signal?.throwIfAborted()
  try {
    const file = await files.look(from)
    if (file === undefined) throw new AppError('not_found', `Cannot ${placing(target)}: the file itself is gone`)
    if (!file.isFile())
      throw new AppError('conflict', `Cannot ${placing(target)}: what should get it is no regular file`)
    let how = await takeName(files, from, file, target, noteOf(from, target))
    // From another folder the file may have been copied by an earlier call already, which then had no time to remove it.
    if (how === 'elsewhere' || (how === 'taken' && dirname(from) !== dirname(target))) {
      how = await copyThere(files, placement)
    }
    if (how === 'taken') throw nameTaken(placing(target))
    await files.sync(dirname(target))
    if (how === 'linked') await files.unlink(from)
    if (how === 'linked' || dirname(from) !== dirname(target)) await files.sync(dirname(from))
  } catch (error) {
    throw signal?.aborted && error === signal.reason ? error : toPlaceError(placing(target), error)
  }
}

/**
 * What stands under the final name before `placeFile`. After a call that was killed it may be `linked`, the whole file
 * itself (to write to `from` would be to write to it), or `reserved`, an empty file; `placeFile` goes on from both.
 */
export async function nameState(
  { from, target }: Omit<Placement, 'signal'>,
  files: PlaceFiles = placeFiles,
): Promise<'free' | 'linked' | 'reserved' | 'other'> {
  const there = await files.look(target)
  if (there === undefined) return 'free'
  const file = await files.look(from)
  if (!there.isFile() || file === undefined) return 'other'
  if (there.dev === file.dev && there.ino === file.ino) return 'linked'
  return there.size === 0n && (await files.look(noteOf(from, target))) !== undefined ? 'reserved' : 'other'
}

async function copyThere(files: PlaceFiles, { from, target, signal }: Placement): Promise<Taking> {
  const dir = dirname(target)
  const note = noteOf(from, target)
  const copies = `.airkeep-${keyOf(from, target)}.copy.`
  await removeLeftovers(files, dir, (name) => name.startsWith(copies), Date.now() - LEFTOVER_MS)
  const there = await files.look(target)
  const noted = (await files.look(note)) !== undefined
  if (there !== undefined && (there.size > 0n || !noted)) {
    if (noted) await files.unlink(note)
    return there.isFile() && (await files.same(from, target, signal)) ? 'linked' : 'taken'
  }
  const copy = join(dir, copies + createId('c'))
  await files.copy(from, copy, signal)
  try {
    const file = await files.look(copy)
    const how = file === undefined ? 'elsewhere' : await takeName(files, copy, file, target, note)
    if (how === 'elsewhere') throw new AppError('internal', `Cannot ${placing(target)}: its copy went away`)
    if (how === 'linked') await files.sync(dir)
    return how === 'taken' ? how : 'linked'
  } finally {
    if ((await files.look(copy)) !== undefined) await files.unlink(copy)
  }
}
