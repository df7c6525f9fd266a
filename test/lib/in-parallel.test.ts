import { expect, test } from 'bun:test'
import { inParallel } from '../../src/lib/in-parallel.ts'

test('no more than the limit run at once, and every item is worked on once', async () => {
  let running = 0
  let most = 0
  const done: number[] = []
  await inParallel([1, 2, 3, 4, 5], 2, async (item) => {
    running += 1
    most = Math.max(most, running)
    await Promise.resolve()
    done.push(item)
    running -= 1
  })
  expect(most).toBe(2)
  expect(done.toSorted()).toEqual([1, 2, 3, 4, 5])
})

test('the first failure is told when nothing runs any more, and nothing new is begun', async () => {
  const begun: number[] = []
  let ended = 0
  const failed = await inParallel([1, 2, 3, 4], 2, async (item) => {
    begun.push(item)
    await Promise.resolve()
    if (item === 1) throw new Error('one')
    await Promise.resolve()
    ended += 1
  }).catch((error: Error) => error.message)
  expect(failed).toBe('one')
  expect(begun).toEqual([1, 2])
  expect(ended).toBe(1)
})

test('nothing to do is done at once', async () => {
  await inParallel([], 4, async () => {
    throw new Error('never')
  })
})
