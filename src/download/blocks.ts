/** Buffers of one size that go round instead of being allocated anew. */
export interface Blocks {
  take(): Uint8Array<ArrayBuffer>
  give(block: Uint8Array<ArrayBuffer>): void
}

/** @param spare how many are kept for the next connection */
export function createBlocks(bytes: number, spare = 16): Blocks {
  const free: Uint8Array<ArrayBuffer>[] = []
  return {
    take: () => free.pop() ?? new Uint8Array(bytes),
    give(block) {
      if (free.length < spare) free.push(block)
    },
  }
}
