import { setTimeout as delay } from 'node:timers/promises'
import type { Slot } from './client-limits.ts'
import type { OpenedFile } from './opened-file.ts'
import type { ByteRange } from './range.ts'

export interface FileStreamOptions {
  readonly file: OpenedFile
  readonly part: ByteRange
  readonly slot: Slot
  /** Told why the stream breaks off. */
  onBreak(error: unknown): void
}

/**
 * Part of a file as a stream that reads when the connection takes more. Each piece is sent only after the file was seen
 * unchanged behind it: otherwise the stream breaks off, and the connection with it. Gives the slot back at its end.
 */
export function toFileStream({ file, part, slot, onBreak }: FileStreamOptions): ReadableStream<Uint8Array> {
  const { start, end } = part
  const gone = new AbortController()
  let at = start
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const wanted = Math.min(slot.pieceBytes, end - at)
          const waitMs = slot.reserve(wanted)
          if (waitMs > 0) await delay(waitMs, undefined, { signal: gone.signal })
          const piece = await readPiece(file, at, wanted)
          if (gone.signal.aborted) return
          at += wanted
          controller.enqueue(piece)
          if (at < end) return
          slot.release()
          controller.close()
        } catch (error) {
          slot.release()
          if (gone.signal.aborted) return
          onBreak(error)
          controller.error(error)
        }
      },
      cancel() {
        gone.abort()
        slot.release()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Exactly so many bytes, of a file that nobody has written to. @throws Error otherwise */
export async function readPiece(file: OpenedFile, position: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const piece = new Uint8Array(bytes)
  for (let filled = 0; filled < bytes; ) {
    const got = await file.read(piece.subarray(filled), position + filled)
    if (got === 0) throw new ChangedWhileSent()
    filled += got
  }
  if (!(await file.isUnchanged())) throw new ChangedWhileSent()
  return piece
}

export class ChangedWhileSent extends Error {
  override readonly name = 'ChangedWhileSent'
  constructor() {
    super('The model file changed while it was sent')
  }
}
