import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { isAppError } from '../errors.ts'
import type { HashPool } from '../hash/pool.ts'
import { createIntervals } from './intervals.ts'
import { checkUnproven, compareFile, isProven } from './judge-file.ts'
import { createLockWait, type LockWait } from './lock-wait.ts'
import { targetTaken } from './part-error.ts'
import { dropPart, dropPartState, newStatePathOf, partPathOf, statePathOf } from './part-files.ts'
import { takePartLock } from './part-lock.ts'
import { readPartState } from './part-state.ts'
import { nameState, type Placement, placeFile } from './place.ts'
import { codeOf, placeFiles } from './place-files.ts'
import type { DownloadedFile, DownloadRequest } from './request.ts'

export interface FindThereDeps {
  readonly hashes: Pick<HashPool, 'hashFile'>
  readonly lockWaitMs: number
}

/**
 * The file that has the final name already, if it is the one that is wanted; undefined where nothing has that name, or
 * only the empty file by which an earlier run holds it. What an earlier run was killed at is brought to its end.
 * @throws AppError conflict for any other file, for one of which nothing tells what it is, and for a link that leads
 * nowhere; cancelled; as placeFile
 */
export async function findThere(
  request: DownloadRequest,
  { hashes, lockWaitMs }: FindThereDeps,
): Promise<DownloadedFile | undefined> {
  const { target, expected, signal } = request
  const from = partPathOf(target)
  const state = await nameState({ from, target })
  if (state === 'free' || state === 'reserved') return undefined
  const sizeBytes = await sizeOf(target)
  const own = state === 'linked' || (await wasPlaced(from, sizeBytes))
  if (own) await finishPlacing({ from, target, signal }, createLockWait({ forMs: lockWaitMs, signal }))
  // What an earlier run gave its name it had verified: by a digest that a source declared, or by the header.
  if (!own && !isProven(expected)) throw targetTaken()
  if ((expected.sizeBytes ?? sizeBytes) !== sizeBytes) throw targetTaken()
  const { sha256, tensorSha256 } = await hashes.hashFile(target, { engine: 'native', tensor: true, signal })
  const hash = { sha256, tensorSha256, hashedBy: 'native' } as const
  if (compareFile(expected, hash, sizeBytes) !== undefined) throw targetTaken()
  if (!own) await checkUnproven(expected, { path: target, sizeBytes, name: basename(target) }).catch(notTheFile)
  await dropLeft(from)
  return { path: target, ...hash, sizeBytes, fetchedBytes: 0, bytesBySource: {} }
}

function notTheFile(error: unknown): never {
  throw isAppError(error) ? targetTaken() : error
}

/** The part is the verified file itself, under its second name. */
async function finishPlacing(placement: Placement, wait: LockWait): Promise<void> {
  const { from } = placement
  const lock = await takePartLock(`${from}.lock`, wait)
  try {
    // Who had the lock until now may have done it.
    if ((await nameState(placement)) === 'linked') await placeFile(placement)
    await dropPartState(from)
  } finally {
    await lock.release()
  }
}

/**
 * The file came another way, or its run was killed at the very end: what is left beside it is of no use to anybody. A
 * part of which there is nothing else is not known to be one of this program.
 */
async function dropLeft(from: string): Promise<void> {
  const names = [statePathOf(from), newStatePathOf(statePathOf(from)), `${from}.lock`]
  const left = await Promise.all(names.map(placeFiles.look))
  if (left.every((each) => each === undefined)) return
  try {
    const lock = await takePartLock(`${from}.lock`)
    try {
      await dropPart(from)
    } finally {
      await lock.release()
    }
  } catch {
    // Another download has it, or nothing can be written here: the file is there all the same.
  }
}

/** The part is gone, and what is known of it says that it was whole: an earlier run ended before it could forget that. */
async function wasPlaced(from: string, sizeBytes: number): Promise<boolean> {
  if ((await placeFiles.look(from)) !== undefined) return false
  const known = await readPartState(statePathOf(from))
  return known?.size_bytes === sizeBytes && createIntervals(known.intervals).has(0, sizeBytes)
}

async function sizeOf(target: string): Promise<number> {
  try {
    const found = await stat(target)
    if (found.isFile()) return found.size
  } catch (error) {
    // A link to nothing: what is fetched could not get the name.
    if (codeOf(error) !== 'ENOENT') throw error
  }
  throw targetTaken()
}
