import { lstat, rename } from 'node:fs/promises'
import { partPathOf, statePathOf } from '../../download/part-files.ts'
import { takePartLock } from '../../download/part-lock.ts'

/**
 * Gives what a stopped download of the same bytes has left beside its final name to one that will have another. Where
 * that cannot be (another filesystem, somebody is at it, there is a part already), the other begins anew.
 */
export async function adoptPart(from: string | undefined, to: string): Promise<void> {
  if (from === undefined || from === to) return
  const [left, own] = [partPathOf(from), partPathOf(to)]
  try {
    const locks = [await takePartLock(`${own}.lock`)]
    try {
      locks.push(await takePartLock(`${left}.lock`))
      if (await exists(own)) return
      // The notes come after: of a part without them nothing is believed.
      await rename(left, own)
      await rename(statePathOf(left), statePathOf(own))
    } finally {
      for (const lock of locks) await lock.release()
    }
  } catch {
    // What has come is fetched once more.
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    return false
  }
}
