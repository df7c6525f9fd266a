import { expect, test } from 'bun:test'
import { setImmediate } from 'node:timers/promises'
import { createPaced } from '../../src/import/paced.ts'

test('the first goes out at once, of the rest the newest, one at a time', async () => {
  const seen: number[] = []
  const gates: (() => void)[] = []
  const paced = createPaced<number>(1, (state) => {
    seen.push(state)
    return new Promise((resolve) => gates.push(resolve))
  })
  for (const state of [1, 2, 3]) paced.offer(state)
  expect(seen).toEqual([1])
  gates[0]?.()
  while (seen.length < 2) await setImmediate()
  expect(seen).toEqual([1, 3])
  gates[1]?.()
  await paced.stop()
  paced.offer(4)
  expect(seen).toEqual([1, 3])
})

test('a failure shows at the next, and stop waits for what is under way', async () => {
  const paced = createPaced<number>(1, async () => {
    throw new Error('no')
  })
  paced.offer(1)
  await setImmediate()
  expect(() => paced.offer(2)).toThrow('no')
  let done = false
  const slow = createPaced<number>(1, async () => {
    await setImmediate()
    done = true
  })
  slow.offer(1)
  await slow.stop()
  expect(done).toBe(true)
})
