import { type FileHandle, link, open, readFile, rename, rm, utimes } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { createId } from '../lib/id.ts'
import { isUnwritten, ownerOf, ownMark } from './lock-owner.ts'
import { createLockSilence, type LockClocks, type LockSilence, ownClocks } from './lock-silence.ts'
import { type LockWait, noWait } from './lock-wait.ts'
import { toPartError } from './part-error.ts'
import { codeOf } from './place-files.ts'

/** Holding it means: this download alone writes the part. */
export interface PartLock {
  release(): Promise<void>
}

/** Silence of its owner means something to other machines. */
const REFRESH_MS = 15_000
const LOOK_AGAIN_MS = 50
/** Others may be faster each time that a mark is gone, or it is not to be read at all. */
const MOST_TRIES = 3

/** Locks of this process: its own mark must not look like that of a process that is gone. */
const held = new Set<string>()

/**
 * Creates the mark at `path`, which nobody else can then create; one whose process is gone is taken over.
 * @param wait asked while another process has it, of this machine or another one
 * @throws AppError conflict while another download has it, disk_full, forbidden; what `wait` throws
 */
export async function takePartLock(
  path: string,
  wait: LockWait = noWait,
  clocks: LockClocks = ownClocks,
): Promise<PartLock> {
  while (held.has(path)) if (!(await wait())) throw taken()
  held.add(path)
  const mark = await ownMark()
  const silence = createLockSilence(clocks)
  try {
    for (let tries = 1; !(await create(path, mark)); ) {
      await written(path)
      const owner = await removeDead(path, silence)
      if (owner === 'gone') tries += 1
      if (tries > MOST_TRIES || (owner === 'here' && !(await wait()))) throw taken()
      if (typeof owner === 'object' && !(await wait(owner.leastMs))) throw takenElsewhere(owner.host, path)
    }
  } catch (error) {
    held.delete(path)
    throw toPartError(error)
  }
  const refresh = (): void => {
    const now = new Date()
    utimes(path, now, now).catch(() => {})
  }
  const timer = setInterval(refresh, REFRESH_MS)
  timer.unref()
  return {
    async release() {
      clearInterval(timer)
      if (!held.delete(path)) return
      if ((await readFile(path, 'utf8').catch(() => '')) === mark) await rm(path, { force: true })
    },
  }
}

const taken = (): AppError =>
  new AppError('conflict', 'Cannot download the file: another download is writing it', {
    hint: 'Wait for it to end, then retry',
  })

const takenElsewhere = (host: string, path: string): AppError =>
  new AppError('conflict', `Cannot download the file: ${host} is writing it into the same folder`, {
    hint: `Wait for the download of ${host} to end, then retry; where that machine is gone for good, remove ${basename(path)}`,
  })

async function create(path: string, mark: string): Promise<boolean> {
  let handle: FileHandle
  try {
    handle = await open(path, 'wx', 0o600)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  try {
    await handle.writeFile(mark)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  return true
}

/** Resolves when a mark names its owner, or nobody is going to write it any more. */
async function written(path: string): Promise<void> {
  while ((await readFile(path, 'utf8').catch(() => undefined)) === '') {
    if (await isUnwritten(path)) return
    await pause(LOOK_AGAIN_MS)
  }
}

interface Waited {
  readonly host: string
  readonly leastMs: number
}

/** Who has the mark; one of a process that is gone is no more. */
async function removeDead(path: string, silence: LockSilence): Promise<'gone' | 'here' | Waited> {
  const found = await readFile(path, 'utf8').catch(() => undefined)
  if (found === undefined) return 'gone'
  const owner = await ownerOf(found, path)
  if (owner === 'here') return owner
  if (typeof owner === 'object') {
    const judged = silence.judge(owner)
    if (judged !== 'gone') return { host: owner.host, ...judged }
  }
  // Two that both saw a dead owner: what the second moves away is the mark of the first, and goes back.
  const aside = `${path}.${createId('old')}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'gone'
    throw error
  }
  const moved = await readFile(aside, 'utf8')
  if (moved !== found) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
  return moved === found ? 'gone' : 'here'
}
