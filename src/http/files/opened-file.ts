import { type BigIntStats, close, fstat, open, read, realpath } from 'node:fs'
import { promisify } from 'node:util'
import { AppError } from '../../errors.ts'
import { ensureOpened, openFlags } from '../../lib/exact-file.ts'
import { toMicroseconds } from '../../lib/file-numbers.ts'
import type { ServedModel } from './model-source.ts'

/** A model file that is open and was what the index promises of it when it was opened. */
export interface OpenedFile {
  readonly fd: number
  /** Fewer bytes only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  /** Whether nobody has written to it since. One that was replaced under its name stays what it was. */
  isUnchanged(): Promise<boolean>
  /** May be called again. Waits for what is being read. */
  close(): void
}

const openFile = promisify(open)
const realPathOf = promisify(realpath.native)
const statOf = (fd: number): Promise<BigIntStats> =>
  new Promise((resolve, reject) => {
    fstat(fd, { bigint: true }, (error, stats) => (error === null ? resolve(stats) : reject(error)))
  })

/**
 * Opens the file at exactly the path that was indexed, never what a symlink has made of it since, and compares size and
 * time: bytes go out under a digest only where the digest still holds.
 * @throws AppError conflict
 */
export async function openServed(model: ServedModel): Promise<OpenedFile> {
  const { path } = model
  const fd = await openExactly(path)
  try {
    ensureOpened(fd, path)
    if (!isAsIndexed(await statOf(fd), model)) throw changedFile()
    return toOpenedFile(fd, model)
  } catch (error) {
    closeQuietly(fd)
    throw error instanceof AppError ? changedFile(error) : error
  }
}

export const changedFile = (cause?: unknown): AppError =>
  new AppError('conflict', 'The model file is no longer what was indexed', {
    hint: 'Ask again after the next scan of its host',
    cause,
  })

async function openExactly(path: string): Promise<number> {
  try {
    if ((await realPathOf(path)) !== path) throw changedFile()
    return await openFile(path, openFlags(true))
  } catch (error) {
    throw isGone(error) ? changedFile(error) : error
  }
}

function toOpenedFile(fd: number, model: ServedModel): OpenedFile {
  let closed = false
  let reading = 0
  const closeNow = (): void => {
    if (closed && reading === 0) closeQuietly(fd)
  }
  return {
    fd,
    async read(into, position) {
      if (closed) throw new Error('The file is closed')
      reading += 1
      try {
        return await readAt(fd, into, position)
      } finally {
        reading -= 1
        closeNow()
      }
    },
    async isUnchanged() {
      if (closed) throw new Error('The file is closed')
      reading += 1
      try {
        return isAsIndexed(await statOf(fd), model)
      } finally {
        reading -= 1
        closeNow()
      }
    },
    close() {
      if (closed) return
      closed = true
      closeNow()
    },
  }
}

/** Without an object for the descriptor, which would have to be closed before it is collected. */
function readAt(fd: number, into: Uint8Array, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, into, 0, into.byteLength, position, (error, bytes) => (error === null ? resolve(bytes) : reject(error)))
  })
}

const isAsIndexed = (stats: BigIntStats, { sizeBytes, modifiedUs }: ServedModel): boolean =>
  stats.isFile() && Number(stats.size) === sizeBytes && toMicroseconds(stats.mtimeNs) === modifiedUs

/** No longer there, or a symlink or folder in its place. */
const isGone = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO'].includes(String(error.code))

const closeQuietly = (fd: number): void => close(fd, () => {})
