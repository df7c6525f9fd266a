import type { FileHandle } from 'node:fs/promises'
import type { Clock } from '../lib/clock.ts'
import { createIntervals, type Intervals } from './intervals.ts'
import type { LockWait } from './lock-wait.ts'
import { targetTaken, toPartError } from './part-error.ts'
import { dropPartState, emptied, openPartFile, partPathOf, statePathOf, writeAll } from './part-files.ts'
import { takePartLock } from './part-lock.ts'
import { createPartNotes } from './part-notes.ts'
import { type PartState, readPartState, trustedState } from './part-state.ts'
import { nameState } from './place.ts'
import type { ExpectedFile } from './request.ts'
import type { SavedHash } from './running-hash.ts'

/** The file that a download grows, beside its final name, and what is known to be on the disk of it. */
export interface Part {
  readonly path: string
  /** Written, whether or not it is on the disk yet. */
  readonly written: Intervals
  /** Of an earlier run: covers no more than what is in `written`. */
  readonly savedHash: SavedHash | undefined
  sizeBytes: number | undefined
  /** Which bytes each source has, by its id; null where it does not say. */
  readonly validators: Map<string, string | null>
  /** Written since the last sync. */
  unsynced(): number
  /** Bytes that are there already are not written again; gives how many were not. @throws AppError disk_full */
  write(position: number, bytes: Uint8Array): Promise<number>
  /** Fills the buffer from the file; fewer bytes only at its end. */
  read(position: number, buffer: Uint8Array): Promise<number>
  /** Makes what is written durable and notes it, so that a crash costs only what comes after. @throws AppError disk_full */
  sync(saveHash: () => Promise<SavedHash | undefined>): Promise<void>
  /**
   * Where the disk is full: gives some bytes back to it that nothing vouches for yet, so that what is there can be noted.
   * Nothing may be writing.
   */
  giveBack(): Promise<void>
  /** Cuts off what lies behind the end, and lets others read the file. */
  complete(sizeBytes: number): Promise<void>
  /** Forgets every byte. Nothing may be writing. */
  restart(): Promise<void>
  /** Lets go of the files; what is noted stays for the next run. */
  close(): Promise<void>
  /** After the part got its final name, or went into quarantine: the notes go too. */
  forget(): Promise<void>
}

/** Room for the notes, which are written anew beside the old ones. */
const GIVEN_BACK_BYTES = 64 * 1024

/** Of the file in the end, less what the process's mask takes away. */
const MODE = 0o644

/**
 * Opens `<target>.part` for this download alone. Of an earlier run counts what its notes vouch for; where they are
 * damaged, of another file, or claim more than there is, it begins anew.
 * @throws AppError conflict (another download writes it, it is no regular file, or something has the final name),
 * disk_full, forbidden
 */
export async function openPart(target: string, expected: ExpectedFile, clock: Clock, wait?: LockWait): Promise<Part> {
  const path = partPathOf(target)
  const lock = await takePartLock(`${path}.lock`, wait)
  let handle: FileHandle
  let known: PartState | undefined
  try {
    const state = await nameState({ from: path, target })
    // Of a part that is linked to the name already every byte written would be one of the finished file.
    if (state === 'linked' || state === 'other') throw targetTaken()
    handle = await openPartFile(path)
    known = trustedState(await readPartState(statePathOf(path)), expected, (await handle.stat()).size)
  } catch (error) {
    await lock.release()
    throw toPartError(error)
  }
  const written = createIntervals(known?.intervals)
  /** And what is being written: of two that have the same bytes one writes them. */
  const taken = createIntervals(known?.intervals)
  const notes = createPartNotes(path, expected, known, clock)
  let unsynced = 0
  let closed = false

  const part: Part = {
    path,
    written,
    savedHash: known?.hash == null ? undefined : { ...known.hash, state: Buffer.from(known.hash.state, 'base64') },
    sizeBytes: known?.size_bytes ?? undefined,
    validators: notes.validators,
    unsynced: () => unsynced,
    async write(position, bytes) {
      let fresh = 0
      const missing = taken.gaps(position, position + bytes.length)
      taken.add(position, position + bytes.length)
      for (const [begin, end] of missing) {
        await writeAll(handle, bytes.subarray(begin - position, end - position), begin)
        written.add(begin, end)
        fresh += end - begin
      }
      unsynced += fresh
      return fresh
    },
    async read(position, buffer) {
      return (await handle.read(buffer, 0, buffer.length, position)).bytesRead
    },
    async sync(saveHash) {
      const hash = await saveHash()
      const intervals = [...written.list()]
      const before = unsynced
      try {
        await handle.datasync()
        await notes.write(intervals, part.sizeBytes, hash)
      } catch (error) {
        throw toPartError(error)
      }
      unsynced -= before
    },
    async giveBack() {
      const end = written.list().at(-1)?.[1] ?? 0
      const from = Math.max(notes.end(), end - GIVEN_BACK_BYTES)
      await handle.truncate(from)
      written.cut(from)
      taken.cut(from)
    },
    async complete(sizeBytes) {
      if ((await handle.stat()).size > sizeBytes) await handle.truncate(sizeBytes)
      await handle.chmod(MODE & ~process.umask())
    },
    async restart() {
      // They must never vouch for bytes that come later.
      await notes.clear()
      handle = await emptied(handle, path)
      written.clear()
      taken.clear()
      unsynced = 0
      part.sizeBytes = undefined
    },
    async close() {
      if (closed) return
      closed = true
      await handle.close()
      await lock.release()
    },
    async forget() {
      await dropPartState(path)
      await part.close()
    },
  }
  if (known === undefined) await part.restart()
  return part
}
