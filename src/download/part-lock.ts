import { type FileHandle, link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import { createId } from '../lib/id.ts'
import { toPartError } from './part-error.ts'
import { codeOf } from './place-files.ts'

/** Holding it means: this download alone writes the part. */
export interface PartLock {
  release(): Promise<void>
}

/** An owner on another machine, of which nothing else can be known, is gone when it was silent for so long. */
const SILENT_MS = 60_000
const REFRESH_MS = 15_000
/** Whoever creates a mark writes it at once, unless it dies in between. */
const UNWRITTEN_MS = 5_000
const LOOK_AGAIN_MS = 50

/** Locks of this process: its own mark must not look like that of a process that is gone. */
const held = new Set<string>()

/**
 * Creates the mark at `path`, which nobody else can then create; one whose process is gone is taken over.
 * @throws AppError conflict while another download has it, disk_full, forbidden
 */
export async function takePartLock(path: string): Promise<PartLock> {
  if (held.has(path)) throw taken()
  held.add(path)
  const mark = await ownMark()
  try {
    for (let attempt = 0; ; attempt += 1) {
      if (await create(path, mark)) break
      await written(path)
      if (attempt === 2 || !(await removeDead(path))) throw taken()
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
    hint: 'Wait for it to end; after a crash on another machine, try again in a minute',
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
    if (await isOld(path)) return
    await pause(LOOK_AGAIN_MS)
  }
}

async function isOld(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found === undefined || Math.abs(Date.now() - found.mtimeMs) >= UNWRITTEN_MS
}

/** Whether there was a mark of a process that is gone, and is no more. */
async function removeDead(path: string): Promise<boolean> {
  const found = await readFile(path, 'utf8').catch(() => undefined)
  if (found === undefined) return true
  if (await isAlive(found, path)) return false
  // Two that both saw a dead owner: what the second moves away is the mark of the first, and goes back.
  const aside = `${path}.${createId('old')}`
  try {
    await rename(path, aside)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true
    throw error
  }
  const moved = await readFile(aside, 'utf8')
  if (moved !== found) await link(aside, path).catch(() => {})
  await rm(aside, { force: true })
  return moved === found
}

async function isAlive(mark: string, path: string): Promise<boolean> {
  const [host, pid = '', started] = mark.trim().split(' ')
  const own = (await ownMark()).trim().split(' ')
  if (started === undefined) return !(await isOld(path))
  if (host !== own[0]) return Math.abs(Date.now() - (await stat(path)).mtimeMs) < SILENT_MS
  // The numbers of processes come round again: the time of its start tells two of them apart.
  return /^\d+$/.test(pid) && pid !== own[1] && (await startOf(pid)) === started
}

const ownMark = async (): Promise<string> =>
  `${hostname().replace(/\s/g, '_')} ${process.pid} ${await startOf(String(process.pid))}\n`

/** Ticks from boot to the start of a process (Linux; proc(5), field 22); `alive` or `gone` elsewhere. */
async function startOf(pid: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The name of the program stands in brackets and may hold anything.
  if (text !== undefined) return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? 'alive'
  if (process.platform === 'linux') return 'gone'
  try {
    process.kill(Number(pid), 0)
    return 'alive'
  } catch (error) {
    return codeOf(error) === 'EPERM' ? 'alive' : 'gone'
  }
}
