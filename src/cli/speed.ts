/** How fast a number of bytes grows. */
export interface Speed {
  /** @param at milliseconds */
  add(at: number, bytes: number): void
  /** Bytes a second over the last seconds; 0 where none came. */
  at(at: number): number
}

/** Long enough to be steady, short enough to show a line that has become slow. */
const WINDOW_MS = 5_000
/** Of less time nothing can be said. */
const LEAST_MS = 500
/** Closer together they say the same. */
const APART_MS = 100

export function createSpeed(): Speed {
  let samples: { readonly at: number; readonly bytes: number }[] = []
  return {
    add(at, bytes) {
      const last = samples.at(-1)
      // Begun anew.
      if (last !== undefined && bytes < last.bytes) samples = []
      else if (samples.length > 1 && at - (samples.at(-2)?.at ?? 0) < APART_MS) samples.pop()
      samples.push({ at, bytes })
      // One older than the window stays: from there on it is measured.
      while ((samples[1]?.at ?? at) < at - WINDOW_MS) samples.shift()
    },
    at(at) {
      const from = samples.findLast((sample) => sample.at <= at - WINDOW_MS) ?? samples[0]
      const last = samples.at(-1)
      if (from === undefined || last === undefined || at - from.at < LEAST_MS) return 0
      return ((last.bytes - from.bytes) / (at - from.at)) * 1000
    },
  }
}
