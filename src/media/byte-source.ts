import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { AppError, type ErrorCode } from '../errors.ts'
import { ensureOpened, ensureReal, isSymlinkRefused, openFlags, outsideRoots } from '../lib/exact-file.ts'

/** Random access to bytes that may be far larger than memory. Synchronous: readers run in worker threads. */
export interface ByteSource {
  readonly sizeBytes: number
  /** Bytes from `offset` on: `length` of them, or fewer only where the source ends. To be read and not written. */
  read(offset: number, length: number): Uint8Array
}

/** A source over bytes in memory; what it returns are views. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    read: (offset, length) => bytes.subarray(Math.max(0, offset), Math.max(0, offset + length)),
  }
}

/**
 * A source over an open regular file, of any thread of this process; the caller keeps it open and closes it.
 * @param head takes the file's beginning, which is read at once: what `read` gives from there are views of it
 */
export function fdSource(fd: number, sizeBytes: number, head?: Uint8Array): ByteSource {
  const there = head === undefined ? 0 : fill(fd, head.subarray(0, Math.min(head.length, sizeBytes)), 0)
  return {
    sizeBytes,
    read(offset, length) {
      if (head !== undefined && offset >= 0 && offset + length <= there) return head.subarray(offset, offset + length)
      const buffer = new Uint8Array(Math.max(0, Math.min(length, sizeBytes - offset)))
      const filled = fill(fd, buffer, offset)
      return filled === buffer.length ? buffer : buffer.subarray(0, filled)
    },
  }
}

/** Fewer bytes than there is room for only where the file shrank after it was opened. */
function fill(fd: number, buffer: Uint8Array, offset: number): number {
  let filled = 0
  while (filled < buffer.length) {
    const bytesRead = readSync(fd, buffer, filled, buffer.length - filled, offset + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}

/** An open regular file. */
export interface OpenFile {
  readonly fd: number
  readonly sizeBytes: number
  /** Without holding this thread up; fewer bytes only where the file ends. */
  readAt(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

export interface OpenOptions {
  /** `path` is real: what symlinks have made of it since is refused with `forbidden`. @default false */
  readonly exact?: boolean | undefined
}

/**
 * Opens a regular file; the caller closes it.
 * Throws `not_found`, `forbidden`, or `invalid_input` for folders, FIFOs, devices and impossible names.
 */
export async function openFile(path: string, { exact = false }: OpenOptions = {}): Promise<OpenFile> {
  let handle: FileHandle | undefined
  try {
    if (exact) ensureReal(path, await realpath(path))
    handle = await open(path, openFlags(exact))
    if (exact) ensureOpened(handle.fd, path)
    const stat = await handle.stat()
    if (!stat.isFile()) throw cannotRead('invalid_input', path, 'it is not a regular file')
    const opened = handle
    return {
      fd: opened.fd,
      sizeBytes: stat.size,
      async readAt(offset, length) {
        const buffer = new Uint8Array(Math.max(0, Math.min(length, stat.size - offset)))
        const { bytesRead } = await opened.read(buffer, 0, buffer.length, offset)
        return buffer.subarray(0, bytesRead)
      },
      close: () => opened.close(),
    }
  } catch (error) {
    await handle?.close()
    throw exact && isSymlinkRefused(error) ? outsideRoots() : toReadError(path, error)
  }
}

/**
 * The same in a thread that nothing else waits for, and for whoever may name any file. Throws as `openFile` does.
 * Nobody has looked at the path before: what is no file is not opened, since that may let the writer of a FIFO go, or
 * make a device act.
 */
export function openFileSync(path: string): { readonly fd: number; readonly sizeBytes: number; close(): void } {
  let fd: number | undefined
  try {
    if (!statSync(path).isFile()) throw cannotRead('invalid_input', path, 'it is not a regular file')
    fd = openSync(path, openFlags(false))
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw cannotRead('invalid_input', path, 'it is not a regular file')
    const opened = fd
    return { fd, sizeBytes: stat.size, close: () => closeSync(opened) }
  } catch (error) {
    if (fd !== undefined) closeSync(fd)
    throw toReadError(path, error)
  }
}

const cannotRead = (code: ErrorCode, path: string, reason: string, cause?: unknown): AppError =>
  new AppError(code, `Cannot read ${path}: ${reason}`, { cause })

function toReadError(path: string, error: unknown): AppError {
  if (error instanceof AppError) return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return cannotRead('not_found', path, 'there is no such file', error)
  if (code === 'EACCES' || code === 'EPERM') return cannotRead('forbidden', path, 'permission denied', error)
  if (code === 'EIO') return cannotRead('internal', path, 'the disk failed', error)
  return cannotRead('invalid_input', path, 'it cannot be opened as a file', error)
}
