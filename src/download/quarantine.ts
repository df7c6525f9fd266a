import { lstat, mkdir, readdir, rename, rm, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../errors.ts'
import { createId } from '../lib/id.ts'
import { toPlaceError } from './place-error.ts'
import { codeOf, placeFiles } from './place-files.ts'

/** Hidden, so that neither scans nor UIs look into it. */
const QUARANTINE = '.airkeep-quarantine'

/** Of one folder. Models are large, and nobody asks for the bytes of long ago. */
const KEPT_IN_QUARANTINE = 3

const LONGEST_KEPT_NAME = 200

/**
 * Moves wrong bytes out of the way, to `.airkeep-quarantine` beside them, where the last three of a folder are kept: the
 * same bytes under the same name once, others beside each other. Nothing there ends like a model.
 * @param part `<name>.part`, or any other file
 * @param why the digest that the bytes have, or a word for what is wrong with them: ends the new name, where it is of
 * letters and digits
 * @returns the new path
 * @throws AppError not_found, conflict (the folder's name is taken), forbidden, disk_full
 */
export async function quarantine(part: string, why: string): Promise<string> {
  const dir = join(dirname(part), QUARANTINE)
  const name = basename(part).replace(/\.part$/, '')
  const ending = /^[\w-]{4,64}$/.test(why) ? why.slice(0, 16) : createId('q')
  const kept = `${Buffer.from(name)
    .subarray(0, LONGEST_KEPT_NAME)
    .toString()
    .replace(/\ufffd+$/, '')}.${ending}`
  const path = join(dir, kept)
  const action = `set the wrong bytes of ${name} aside`
  try {
    await mkdir(dir).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
    if (!(await lstat(dir)).isDirectory()) {
      throw new AppError('conflict', `Cannot ${action}: ${QUARANTINE} is no folder`)
    }
    await rename(part, path)
    // When it came, for the order: best effort, since not every filesystem lets that be set.
    const now = new Date()
    await utimes(path, now, now).catch(() => undefined)
    await thinOut(dir, kept)
    await placeFiles.sync(dir)
    await placeFiles.sync(dirname(part))
  } catch (error) {
    throw toPlaceError(action, error)
  }
  return path
}

async function thinOut(dir: string, latest: string): Promise<void> {
  const others = (await readdir(dir)).filter((name) => name !== latest)
  const dated = await Promise.all(
    others.map(async (name) => ({ name, modifiedNs: (await placeFiles.look(join(dir, name)))?.mtimeNs ?? 0n })),
  )
  dated.sort((a, b) => Number(b.modifiedNs - a.modifiedNs))
  for (const { name } of dated.slice(KEPT_IN_QUARANTINE - 1)) {
    await rm(join(dir, name), { recursive: true, force: true })
  }
}
