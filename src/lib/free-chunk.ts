/**
 * Gives the memory of a chunk of a body back at once, where it is the chunk's alone: at hundreds of megabytes a second
 * the garbage collector lets a hundred of them pile up. The chunk is empty afterwards. Not every runtime can do that.
 */
export function freeChunk({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < SMALLEST || buffer.byteLength !== byteLength || !(buffer instanceof ArrayBuffer)) return
  if ('transfer' in buffer) buffer.transfer(0)
}

/** Smaller ones are cheap to keep, and often parts of a buffer that is used again. */
const SMALLEST = 16 * 1024
