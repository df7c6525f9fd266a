import { AppError } from '../errors.ts'
import type { DeviceTurns } from './device-turns.ts'
import { fill, openRegularFile, type RegularFile, toFileError } from './regular-file.ts'

/** Where the time of reading a file went: whether the disk or the processor is the limit. */
export interface HashTime {
  /** All of it, since before the file was opened. */
  readonly seconds: number
  /** Spent in read calls. */
  readonly readSeconds: number
  /** Spent waiting until other workers had read from the same device. */
  readonly turnSeconds: number
}

export interface PassOptions {
  /** The path is real: nothing but the file at exactly this path is read. @default false */
  readonly exact?: boolean | undefined
  /** Slot of the device in the table of turns; without one nothing waits for other readers. */
  readonly turns?: number | undefined
  /** Asked between buffers. */
  readonly isCancelled: () => boolean
  /** Called after every buffer that was read and hashed. */
  readonly onBytes: (bytesDone: number, bytesTotal: number, time: HashTime) => void
}

/** Takes the bytes from `from` to `to` (of the file, `to` exclusive), in order. */
export interface Span {
  readonly sink: { update(chunk: Uint8Array): void }
  readonly from: number
  readonly to: number
}

export interface Plan<T> {
  readonly spans: readonly Span[]
  /** Called when all bytes were read and the file is still the one that was opened. */
  digest(): T
}

/** Which file was read, as it was when it was opened. */
export interface PassedFile extends HashTime {
  readonly sizeBytes: number
  /** Microseconds since 1970. */
  readonly modifiedUs: number
}

export interface PassRequest<T> extends PassOptions {
  /** Only these bytes; those after `end` are not looked at. @default the whole file */
  readonly range?: { readonly begin: number; readonly end: number } | undefined
  /** `first` is the first buffer of the file or range, full unless there is less; it is used again. */
  readonly plan: (sizeBytes: number, first: Uint8Array) => Plan<T>
}

/**
 * Reads a file at rest once and gives its bytes to several hashers. Blocks until it is done, so it is for workers.
 *
 * @throws AppError not_found, forbidden, invalid_input (no regular file, a range beyond its end), conflict (changed
 * while it was read), cancelled, internal (reading failed)
 */
export type FilePass = <T>(path: string, request: PassRequest<T>) => T & PassedFile

/** Larger is no faster, and reading through `for await` of a stream is four times as slow. */
export const BUFFER_BYTES = 256 * 1024

/** What is read in one turn: a hard disk seeks between two turns, in the time of 2 MiB. Costs 1 % of speed in memory. */
export const TURN_BYTES = 4 * 1024 * 1024

export function createFilePass(deviceTurns: DeviceTurns): FilePass {
  let small: Uint8Array | undefined
  let large: Uint8Array | undefined

  function bufferFor(turns: number | undefined): Uint8Array {
    if (turns === undefined) {
      small ??= new Uint8Array(BUFFER_BYTES)
      return small
    }
    large ??= new Uint8Array(TURN_BYTES)
    return large
  }

  function readAll<T>(path: string, file: RegularFile, began: number, request: PassRequest<T>): T & PassedFile {
    const { range, turns, isCancelled, onBytes } = request
    const { sizeBytes, modifiedUs } = file
    const buffer = bufferFor(turns)
    const begin = range?.begin ?? 0
    const total = (range?.end ?? sizeBytes) - begin
    // A whole file is read until there is no more: its size may be a lie.
    const stop = range?.end ?? Number.POSITIVE_INFINITY
    let readMs = 0
    let turnMs = 0
    const time = (): HashTime => ({
      seconds: (performance.now() - began) / 1000,
      readSeconds: readMs / 1000,
      turnSeconds: turnMs / 1000,
    })
    const ensureWanted = (): void => {
      if (isCancelled()) throw new AppError('cancelled', `Hashing ${path} was cancelled`)
    }
    const readTurn = (length: number, position: number): number => {
      if (turns === undefined) return timedFill(length, position)
      const asked = performance.now()
      const ticket = deviceTurns.take(turns, ensureWanted)
      turnMs += performance.now() - asked
      try {
        return timedFill(length, position)
      } finally {
        deviceTurns.give(turns, ticket)
      }
    }
    const timedFill = (length: number, position: number): number => {
      ensureWanted()
      const asked = performance.now()
      const count = fill(file.fd, buffer, length, position)
      readMs += performance.now() - asked
      return count
    }

    if (begin + total > sizeBytes || total < 0) throw beyondEnd(path, sizeBytes)
    let plan: Plan<T> | undefined
    let at = begin
    while (true) {
      const wanted = Math.min(buffer.length, stop - at)
      const count = readTurn(wanted, at)
      const chunk = buffer.subarray(0, count)
      plan ??= request.plan(sizeBytes, chunk)
      for (const { sink, from, to } of plan.spans) {
        if (from < at + count && to > at) sink.update(chunk.subarray(Math.max(0, from - at), to - at))
      }
      at += count
      if (count > 0) onBytes(at - begin, total, time())
      if (count < wanted || at >= stop || at > sizeBytes) break
    }
    file.ensureUnchanged()
    if (at - begin !== total) throw sizeIsALie(path)
    return { ...plan.digest(), sizeBytes, modifiedUs, ...time() }
  }

  return (path, request) => {
    const began = performance.now()
    const file = openRegularFile(path, request.exact === true)
    try {
      return readAll(path, file, began, request)
    } catch (error) {
      throw toFileError(`hash ${path}`, error)
    } finally {
      file.close()
    }
  }
}

const sizeIsALie = (path: string): AppError =>
  new AppError('invalid_input', `Cannot hash ${path}: it is not a regular file, its size is not that of its content`)

const beyondEnd = (path: string, sizeBytes: number): AppError =>
  new AppError('invalid_input', `Cannot hash this part of ${path}: the file has ${sizeBytes} bytes`)
