import { rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isAppError } from '../errors.ts'
import { syncDir } from '../lib/files.ts'
import { partPathOf, statePathOf } from './part-files.ts'
import { takePartLock } from './part-lock.ts'
import { placeFiles } from './place-files.ts'

/**
 * What was fetched under one name goes on under another one, such as when somebody else got the name meanwhile: nothing
 * is fetched twice, and nothing is left. Where that cannot be done, as between filesystems, the other name begins anew.
 */
export async function movePart(target: string, other: string): Promise<void> {
  const [from, to] = [partPathOf(target), partPathOf(other)]
  try {
    const locks = [await takePartLock(`${to}.lock`)]
    try {
      locks.push(await takePartLock(`${from}.lock`))
      const found = await Promise.all([from, statePathOf(from), to, statePathOf(to)].map(placeFiles.look))
      const [part, notes, ...taken] = found
      if (part === undefined || notes === undefined || taken.some((each) => each !== undefined)) return
      // The notes first: without the part they vouch for nothing, but with the target's own file they would.
      await rename(statePathOf(from), statePathOf(to))
      await rename(from, to)
      await syncDir(dirname(to))
    } finally {
      for (const lock of locks) await lock.release()
    }
  } catch (error) {
    // Another download has it, or the folder cannot be written to, which that download will say.
    if (!isAppError(error) && !(error instanceof Error && 'code' in error)) throw error
  }
}
