/** The server between two minutes of load, when nobody is connected. */
export interface Sample {
  readonly rssBytes: number
  readonly descriptors: number
  readonly errors: number
}

export interface Verdict {
  readonly flat: boolean
  /** What was compared, one line each. */
  readonly lines: readonly string[]
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

/**
 * Compares the last third of a run with the middle one; the first is for warming up. Flat: the resident memory has grown
 * by less than `growth` (0.1 is 10 %), as many descriptors are open, and nothing failed.
 */
export function judge(samples: readonly Sample[], growth = 0.1): Verdict {
  if (samples.length < 3) return { flat: false, lines: ['too few samples to compare'] }
  const third = Math.floor(samples.length / 3)
  const middle = samples.slice(samples.length - 2 * third, samples.length - third)
  const last = samples.slice(samples.length - third)
  const [rssBefore, rssAfter] = [mean(middle.map(rssOf)), mean(last.map(rssOf))]
  const [openBefore, openAfter] = [median(middle.map(openOf)), median(last.map(openOf))]
  const share = rssAfter / rssBefore - 1
  const errors = samples.reduce((sum, sample) => sum + sample.errors, 0)
  return {
    flat: share < growth && openBefore === openAfter && errors === 0,
    lines: [
      `resident memory ${mebibytes(rssBefore)} to ${mebibytes(rssAfter)} (${(share * 100).toFixed(1)} %, allowed below ${growth * 100} %)`,
      `descriptors ${openBefore} to ${openAfter} (must be equal)`,
      `errors ${errors} (must be 0)`,
    ],
  }
}

const rssOf = ({ rssBytes }: Sample): number => rssBytes
const openOf = ({ descriptors }: Sample): number => descriptors
