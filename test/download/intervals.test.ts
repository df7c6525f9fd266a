import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { createIntervals } from '../../src/download/intervals.ts'

const SIZE = 40
const span = fc.tuple(fc.nat(SIZE), fc.nat(SIZE)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)

test('whatever is added in whatever order: the same as a bit for each byte', () => {
  fc.assert(
    fc.property(fc.array(span), span, (added, [from, to]) => {
      const intervals = createIntervals()
      const bits = new Array<boolean>(SIZE).fill(false)
      for (const [begin, end] of added) {
        intervals.add(begin, end)
        bits.fill(true, begin, end)
      }
      expect(intervals.bytes()).toBe(bits.filter(Boolean).length)
      const firstGap = bits.indexOf(false)
      expect(intervals.prefix()).toBe(firstGap === -1 ? SIZE : firstGap)
      expect(intervals.has(from, to)).toBe(bits.slice(from, to).every(Boolean))
      const missing = new Array<boolean>(SIZE).fill(false)
      for (const [begin, end] of intervals.gaps(from, to)) missing.fill(true, begin, end)
      expect(missing).toEqual(bits.map((there, at) => !there && at >= from && at < to))
      // Joined: no two of them touch.
      const list = intervals.list()
      for (const [index, [begin]] of list.entries()) expect(begin).toBeGreaterThan(list[index - 1]?.[1] ?? -1)
      expect(createIntervals(list).list()).toEqual(list)
      intervals.cut(to)
      expect(intervals.list()).toEqual(
        list.filter(([begin]) => begin < to).map(([begin, end]) => [begin, Math.min(end, to)]),
      )
      expect(intervals.bytes()).toBe(bits.slice(0, to).filter(Boolean).length)
    }),
  )
})
