import { expect, test } from 'bun:test'
import { createGrowth } from '../../src/download/growth.ts'

const tuning = { firstConnections: 4, growEveryMs: 100 }

/** Lets a second pass after which a host that gives `total(connections)` bytes a millisecond has been asked. */
function settle(total: (connections: number) => number, max = 16, seconds = 5): ReturnType<typeof createGrowth> {
  const growth = createGrowth({ max, tuning })
  let bytes = 0
  for (let now = 0; now <= seconds * 1_000; now += 50) {
    const connections = growth.target()
    growth.sample(now, { claimed: connections, receiving: connections }, bytes)
    bytes += total(growth.target()) * 50
  }
  return growth
}

test.each<readonly [name: string, total: (connections: number) => number, max: number, expected: number]>([
  ['a host that is paced per connection gets as many as allowed', (n) => n * 20, 8, 8],
  ['fewer than four are allowed', (n) => n * 20, 2, 2],
  ['a line that is full gets one more to see, and no others', () => 100, 16, 5],
  ['a line that fills at seven', (n) => Math.min(n, 7) * 20, 16, 8],
])('%s', (_name, total, max, expected) => {
  expect(settle(total, max).target()).toBe(expected)
})

test('a complaint counts: fewer, and no more for a while', () => {
  const growth = settle((n) => n * 20, 16, 2)
  const before = growth.target()
  growth.complain(2_000, before)
  expect(growth.target()).toBe(before - 1)
  let bytes = 0
  for (let now = 2_000; now < 60_000; now += 50) {
    bytes += 1_000_000
    growth.sample(now, { claimed: before, receiving: before }, bytes)
  }
  expect(growth.target()).toBe(before - 1)
  growth.complain(60_000, 1)
  expect(growth.target()).toBe(1)
})

test('a connection that has not got going yet is waited for', () => {
  const growth = createGrowth({ max: 8, tuning })
  for (let now = 0; now < 5_000; now += 50) growth.sample(now, { claimed: 4, receiving: 3 }, now * 100)
  expect(growth.target()).toBe(4)
})
