import { expect, test } from 'bun:test'
import { createRemembered } from '../../src/civitai/remembered.ts'
import { rejection } from '../support/rejection.ts'

const { signal } = new AbortController()
const limits = { entries: 3, hitMs: 100, missMs: 10 }

test('the oldest entries go first', () => {
  const memory = createRemembered<number>(limits)
  for (const key of ['a', 'b', 'c', 'a', 'd']) memory.put(key, 1)
  expect(['a', 'b', 'c', 'd'].map((key) => memory.peek(key)?.value)).toEqual([1, undefined, 1, 1])
})

test('misses are known for a shorter time than hits', () => {
  let now = 0
  const memory = createRemembered<number>({ ...limits, now: () => now })
  memory.put('hit', 1)
  memory.put('miss', undefined)
  const known = () => [memory.peek('hit') !== undefined, memory.peek('miss') !== undefined]
  expect(known()).toEqual([true, true])
  now = 10
  expect(known()).toEqual([true, false])
  now = 100
  expect(known()).toEqual([false, false])
})

test('what the last one left is begun anew, and its end changes nothing', async () => {
  const memory = createRemembered<number>(limits)
  const leaving = new AbortController()
  let finishFirst = (_: number): void => {}
  const first = memory.get('key', { signal: leaving.signal }, () => new Promise((resolve) => (finishFirst = resolve)))
  leaving.abort()
  expect(await rejection(first)).toMatchObject({ code: 'cancelled' })
  let finishSecond = (_: number): void => {}
  const second = memory.get('key', { signal }, () => new Promise((resolve) => (finishSecond = resolve)))
  finishFirst(1)
  const third = memory.get('key', { signal }, async () => 3)
  finishSecond(2)
  expect([await second, await third]).toEqual([2, 2])
})

test('nothing is asked for somebody who has left already', async () => {
  const memory = createRemembered<number>(limits)
  let asked = 0
  const get = memory.get('key', { signal: AbortSignal.abort() }, async () => {
    asked += 1
    return 1
  })
  expect(await rejection(get)).toMatchObject({ code: 'cancelled' })
  expect(asked).toBe(0)
})
