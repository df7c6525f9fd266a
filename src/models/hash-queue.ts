import { availableParallelism } from 'node:os'
import { AppError } from '../errors.ts'
import type { HashTime } from '../hash/file-pass.ts'
import type { FileDigest } from '../hash/whole-file.ts'

/** How a file is read: everything that one pass can give. */
export type HashFile = (
  path: string,
  options: {
    readonly tensor: true
    readonly sample: true
    readonly exact: true
    readonly blake3?: boolean
    readonly crc32?: boolean
    readonly turns: number
    readonly signal: AbortSignal
    readonly onProgress: (done: number, total: number, time?: ReadTime) => void
  },
) => Promise<FileDigest>

/** Seconds since the file was begun, those in reads, and those of waiting for a turn to read. */
export type ReadTime = Pick<HashTime, 'seconds' | 'readSeconds' | 'turnSeconds'>

export interface QueuedFile {
  /** Real path. */
  readonly path: string
  /** The device that it lies on, as `stat` names it. */
  readonly device: string
}

export interface QueueOptions {
  /** `now`: somebody waits for this one file; it goes before everything that is not. */
  readonly priority: 'now' | 'background'
  readonly signal: AbortSignal
  readonly onBytes?: ((done: number) => void) | undefined
  /** BLAKE3 and CRC-32 too. */
  readonly all?: boolean
}

export interface HashQueue {
  /**
   * Digests of a file. Whoever asks for a file that is being read or waits already shares that reading.
   * @throws AppError as HashPool.hashFile does; the signal's reason
   */
  digest(file: QueuedFile, options: QueueOptions): Promise<FileDigest>
}

interface Waiter {
  readonly signal: AbortSignal
  readonly onBytes: ((done: number) => void) | undefined
  readonly resolve: (digest: FileDigest) => void
  readonly reject: (error: unknown) => void
}

interface Task {
  readonly file: QueuedFile
  readonly all: boolean
  urgent: boolean
  /** Set while it is read. */
  abort: AbortController | undefined
  readonly waiters: Set<Waiter>
}

interface Device {
  /** Its place among those that take turns in reading. */
  readonly turns: number
  active: number
  /** Share of the time that its last files spent waiting for reads; undefined before the first. */
  readShare: number | undefined
}

/** A disk that is idle for more than half of the time has room for another file. */
const BUSY_SHARE = 0.5
const TURNS = 64

/**
 * Decides which file is read next. Reads of one device take turns, so that a disk has one reader at any moment; and as
 * long as the disk is what everything waits for, it is also given one file only: two would make a slow disk seek.
 * Another file is begun beside it when the processor is the slower of the two. One more file than there are cores may
 * be read when somebody waits for it.
 */
export function createHashQueue(hashFile: HashFile, cores: number = availableParallelism()): HashQueue {
  const tasks = new Map<string, Task>()
  const urgent: Task[] = []
  const background: Task[] = []
  const devices = new Map<string, Device>()
  let running = 0

  function deviceOf({ device }: QueuedFile): Device {
    const known = devices.get(device)
    if (known !== undefined) return known
    const added: Device = { turns: devices.size % TURNS, active: 0, readShare: undefined }
    devices.set(device, added)
    return added
  }

  const hasRoom = ({ active, readShare }: Device): boolean =>
    active === 0 || (readShare !== undefined && readShare < BUSY_SHARE)

  function next(): Task | undefined {
    if (running > cores) return undefined
    const first = urgent.shift()
    if (first !== undefined) return first
    if (running >= cores) return undefined
    const at = background.findIndex(({ file }) => hasRoom(deviceOf(file)))
    return at === -1 ? undefined : background.splice(at, 1)[0]
  }

  function pump(): void {
    for (let task = next(); task !== undefined; task = next()) void read(task)
  }

  async function read(task: Task): Promise<void> {
    const device = deviceOf(task.file)
    const abort = new AbortController()
    task.abort = abort
    running += 1
    device.active += 1
    const learn = (time: ReadTime | undefined): void => {
      if (time === undefined || time.seconds <= 0) return
      device.readShare = (time.readSeconds + time.turnSeconds) / time.seconds
      pump()
    }
    try {
      const digest = await hashFile(task.file.path, {
        tensor: true,
        sample: true,
        exact: true,
        ...(task.all ? { blake3: true, crc32: true } : {}),
        turns: device.turns,
        signal: abort.signal,
        onProgress(done, _total, time) {
          for (const { onBytes } of task.waiters) onBytes?.(done)
          learn(time)
        },
      })
      learn(digest)
      settle(task, ({ resolve }) => resolve(digest))
    } catch (error) {
      settle(task, ({ reject }) => reject(error))
    } finally {
      running -= 1
      device.active -= 1
      pump()
    }
  }

  function settle(task: Task, tell: (waiter: Waiter) => void): void {
    if (tasks.get(task.file.path) === task) tasks.delete(task.file.path)
    for (const waiter of task.waiters) tell(waiter)
    task.waiters.clear()
  }

  function enqueue(file: QueuedFile, { all = false, priority }: QueueOptions): Task {
    const known = tasks.get(file.path)
    // One that is read for less than is wanted now cannot be joined.
    if (known !== undefined && (known.all || !all)) {
      if (priority === 'now' && !known.urgent && known.abort === undefined) {
        background.splice(background.indexOf(known), 1)
        known.urgent = true
        urgent.push(known)
      }
      return known
    }
    const task: Task = { file, all, urgent: priority === 'now', abort: undefined, waiters: new Set() }
    tasks.set(file.path, task)
    if (task.urgent) urgent.push(task)
    else background.push(task)
    return task
  }

  /** Nobody waits for it any more. */
  function abandon(task: Task): void {
    if (tasks.get(task.file.path) === task) tasks.delete(task.file.path)
    const queue = task.urgent ? urgent : background
    const at = queue.indexOf(task)
    if (at !== -1) queue.splice(at, 1)
    task.abort?.abort(new AppError('cancelled', 'Nobody waits for this digest any more'))
  }

  return {
    digest(file, options) {
      const { signal } = options
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        const task = enqueue(file, options)
        const onAbort = (): void => {
          task.waiters.delete(waiter)
          if (task.waiters.size === 0) abandon(task)
          reject(signal.reason)
        }
        const ended = (): void => signal.removeEventListener('abort', onAbort)
        const waiter: Waiter = {
          signal,
          onBytes: options.onBytes,
          resolve(digest) {
            ended()
            resolve(digest)
          },
          reject(error) {
            ended()
            reject(error)
          },
        }
        signal.addEventListener('abort', onAbort, { once: true })
        task.waiters.add(waiter)
        pump()
      })
    },
  }
}
