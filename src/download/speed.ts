/** Bytes a second over the last seconds. */
export interface Speed {
  /** All bytes received so far. */
  sample(now: number, bytes: number): void
  bytesPerSecond(now: number): number
}

const WINDOW_MS = 4_000

export function createSpeed(): Speed {
  let samples: { readonly at: number; readonly bytes: number }[] = []
  return {
    sample(now, bytes) {
      samples = [...samples.filter(({ at }) => now - at <= WINDOW_MS), { at: now, bytes }]
    },
    bytesPerSecond(now) {
      const [first] = samples
      const last = samples.at(-1)
      if (first === undefined || last === undefined || now - first.at < 1) return 0
      return Math.round(((last.bytes - first.bytes) / (now - first.at)) * 1_000)
    },
  }
}
