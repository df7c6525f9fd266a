import { expect, test } from 'bun:test'
import { type Burst, createBurst } from '../../../src/models/watch/burst.ts'

interface Clocked {
  readonly burst: Burst
  readonly told: { at: number; paths: string[] }[]
  /** Lets time pass, with whatever is due in it. */
  pass(ms: number): void
}

function clocked(): Clocked {
  let now = 0
  let due: { at: number; run: () => void } | undefined
  const told: Clocked['told'] = []
  const burst = createBurst({
    timing: { quietMs: 10, longestMs: 100 },
    now: () => now,
    later(run, ms) {
      expect(due).toBeUndefined()
      due = { at: now + ms, run }
      return () => {
        due = undefined
      }
    },
    onEnd: (paths) => void told.push({ at: now, paths: [...paths] }),
  })
  function pass(ms: number): void {
    const end = now + ms
    while (due !== undefined && due.at <= end) {
      const { at, run } = due
      now = at
      due = undefined
      run()
    }
    now = end
  }
  return { burst, told, pass }
}

test('one event is told when it was quiet', () => {
  const { burst, told, pass } = clocked()
  burst.add('a')
  pass(9)
  expect(told).toEqual([])
  pass(1)
  expect(told).toEqual([{ at: 10, paths: ['a'] }])
  pass(1_000)
  expect(told).toHaveLength(1)
})

test('a burst is told once, each path once', () => {
  const { burst, told, pass } = clocked()
  for (let at = 0; at < 5; at += 1) {
    burst.add('a')
    burst.add(`${at % 2}`)
    pass(9)
  }
  pass(100)
  expect(told).toEqual([{ at: 46, paths: ['a', '0', '1'] }])
})

test('events without end are told at intervals', () => {
  const { burst, told, pass } = clocked()
  for (let at = 0; at < 250; at += 1) {
    burst.add('a')
    pass(1)
  }
  pass(100)
  expect(told.map(({ at }) => at)).toEqual([100, 200, 259])
})

test('too many paths are whatever there is', () => {
  const { burst, told, pass } = clocked()
  for (let at = 0; at < 100_000; at += 1) burst.add(`${at}`)
  pass(10)
  expect(told[0]?.paths).toHaveLength(5_001)
  expect(told[0]?.paths).toContain('')
})

test('nothing is told after the end', () => {
  const { burst, told, pass } = clocked()
  burst.add('a')
  burst.close()
  pass(100)
  expect(told).toEqual([])
  burst.add('b')
  pass(100)
  expect(told).toMatchObject([{ paths: ['b'] }])
})
