/** From the first byte to the one behind the last. */
export type Interval = readonly [begin: number, end: number]

/** Which bytes of a file there are; neighbours are joined, so that a file costs as many entries as it has holes. */
export interface Intervals {
  add(begin: number, end: number): void
  has(begin: number, end: number): boolean
  /** In ascending order, apart from each other. */
  list(): readonly Interval[]
  /** What is missing between `from` and `to`, in ascending order. */
  gaps(from: number, to: number): Interval[]
  bytes(): number
  /** Where the first gap begins. */
  prefix(): number
  /** Takes away what lies behind `end`. */
  cut(end: number): void
  clear(): void
}

/** @param initial in ascending order, apart from each other */
export function createIntervals(initial: readonly Interval[] = []): Intervals {
  let list: Interval[] = [...initial]

  return {
    add(begin, end) {
      if (begin >= end) return
      const before = list.filter(([, stop]) => stop < begin)
      const after = list.filter(([start]) => start > end)
      const touched = list.slice(before.length, list.length - after.length)
      const joined: Interval = [Math.min(begin, touched[0]?.[0] ?? begin), Math.max(end, touched.at(-1)?.[1] ?? end)]
      list = [...before, joined, ...after]
    },
    has: (begin, end) => begin >= end || list.some(([start, stop]) => start <= begin && stop >= end),
    list: () => list,
    gaps(from, to) {
      const gaps: Interval[] = []
      let at = from
      for (const [begin, end] of list) {
        if (begin >= to) break
        if (begin > at) gaps.push([at, begin])
        at = Math.max(at, end)
      }
      if (at < to) gaps.push([at, to])
      return gaps
    },
    bytes: () => list.reduce((sum, [begin, end]) => sum + end - begin, 0),
    prefix: () => (list[0]?.[0] === 0 ? list[0][1] : 0),
    cut(end) {
      list = list.filter(([begin]) => begin < end).map(([begin, stop]) => [begin, Math.min(stop, end)])
    },
    clear() {
      list = []
    },
  }
}
