/** What travels to the worker at once: small enough that no stream waits long for another. */
export const PIECE_BYTES = 256 * 1024

/** Used buffers that are kept for the next piece of any stream. */
const SPARE_PIECES = 8

export interface PieceBuffers {
  take(): ArrayBuffer
  give(buffer: ArrayBuffer): void
}

/** Buffers go round between threads instead of being allocated 800 times a second. */
export function createPieceBuffers(): PieceBuffers {
  const spare: ArrayBuffer[] = []
  return {
    take: () => spare.pop() ?? new ArrayBuffer(PIECE_BYTES),
    give: (buffer) => {
      if (spare.length < SPARE_PIECES) spare.push(buffer)
    },
  }
}
