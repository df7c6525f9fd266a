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
  ['a line that one fills as well as four, and faster than any host is paced', () => 600_000, 8, 1],
  ['a line of that speed that takes more than one', (n) => Math.min(n, 6) * 200_000, 16, 7],
  ['one connection is allowed, as fast as it is', () => 600_000, 1, 1],
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

test('one alone is measured when the others are done, and once', () => {
  const growth = createGrowth({ max: 8, tuning })
  let bytes = 0
  const sample = (now: number, claimed: number): void => {
    bytes += 50 * 600_000
    growth.sample(now, { claimed, receiving: claimed }, bytes)
  }
  sample(0, 4)
  sample(50, 4)
  expect(growth.target()).toBe(1)
  for (let now = 100; now < 1_000; now += 50) sample(now, 2)
  expect(growth.target()).toBe(1)
  // It falls behind: there are as many again as before, and it stays so.
  bytes -= 1_000 * 600_000
  for (let now = 1_000; now < 1_200; now += 50) {
    bytes += 50
    growth.sample(now, { claimed: 1, receiving: 1 }, bytes)
  }
  expect(growth.target()).toBe(4)
  sample(1_200, 4)
  expect(growth.target()).toBe(4)
})
