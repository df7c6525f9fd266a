import { link, realpath, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, placeFiles } from '../../download/place-files.ts'
import { orDiskFull } from '../../lib/disk-error.ts'
import { createId } from '../../lib/id.ts'
import type { Place } from './placement.ts'
import type { PromisedNames } from './promised-names.ts'

/** Of filesystems that give a file no second name, or none across their borders. */
const NO_LINKS: ReadonlySet<string> = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

export interface CopyToBring {
  /** Absolute, of a file of this host. */
  readonly from: string
  readonly place: Place
  readonly filename: string
}

/**
 * Gives a file of this host a second name where it is wanted, or a copy on another filesystem; under the next free name
 * where another file has that. Nothing is ever replaced.
 * @returns the absolute path under which it is there
 * @throws AppError disk_full, conflict; the signal's reason
 */
export async function bringCopy(
  names: Pick<PromisedNames, 'claim' | 'letGo'>,
  { from, place, filename }: CopyToBring,
  signal: AbortSignal,
): Promise<string> {
  const real = await realpath(from)
  const wanted = join(place.dir, filename)
  if (await isSame(real, wanted)) return wanted
  let isTaken = (await placeFiles.look(wanted)) !== undefined
  for (;;) {
    const path = await names.claim(place.dir, filename, isTaken)
    try {
      if (await give(real, path, place.dir, signal)) return path
      // Somebody was faster.
      isTaken = true
    } catch (error) {
      throw orDiskFull('copy the file', error, path)
    } finally {
      await names.letGo(path)
    }
  }
}

/** False where something has the name. */
async function give(real: string, path: string, dir: string, signal: AbortSignal): Promise<boolean> {
  try {
    await link(real, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    if (!NO_LINKS.has(codeOf(error))) throw error
    if (!(await copyTo(real, path, dir, signal))) return false
  }
  await placeFiles.sync(dir)
  return true
}

async function copyTo(real: string, path: string, dir: string, signal: AbortSignal): Promise<boolean> {
  const hidden = join(dir, `.airkeep-${createId('copy')}`)
  try {
    await placeFiles.copy(real, hidden, signal)
    try {
      await link(hidden, path)
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      if (!NO_LINKS.has(codeOf(error))) throw error
      if ((await placeFiles.look(path)) !== undefined) return false
      await placeFiles.rename(hidden, path)
    }
    return true
  } finally {
    await rm(hidden, { force: true })
  }
}

/** Whether both names lead to one file already. */
async function isSame(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all(
    [one, other].map((path) => stat(path, { bigint: true }).catch(() => undefined)),
  )
  return first !== undefined && second !== undefined && first.dev === second.dev && first.ino === second.ino
}
