import { beforeEach, expect, test } from 'bun:test'
import { createSharedLook, type LookCall } from '../../../src/models/library/shared-look.ts'
import { rejection } from '../../support/rejection.ts'

interface Look {
  readonly signal: AbortSignal
  end(): void
  fail(error: Error): void
}

let looks: Look[]
let time: number
let look: (call: LookCall) => Promise<number>

beforeEach(() => {
  looks = []
  time = 0
  look = createSharedLook({
    clock: { now: () => (time += 1) },
    look: (signal) => {
      const number = looks.length + 1
      return new Promise((resolve, reject) => {
        looks.push({ signal, end: () => resolve(number), fail: reject })
        signal.addEventListener('abort', () => reject(signal.reason))
      })
    },
  })
})

const ask = (since: number, abort = new AbortController()): Promise<number> => look({ since, signal: abort.signal })
/** Whatever can begin has begun. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('all that ask before it begins share one, also while it runs and a while after it', async () => {
  const first = [ask(0), ask(0), ask(0)]
  await turn()
  first.push(ask(0))
  expect(looks).toHaveLength(1)
  looks[0]?.end()
  expect(await Promise.all(first)).toEqual([1, 1, 1, 1])
  expect(await ask(0)).toBe(1)
})

test('whoever asks after it began shares the next one', async () => {
  const first = ask(0)
  await turn()
  const second = [ask(time), ask(time)]
  await turn()
  expect(looks).toHaveLength(1)
  looks[0]?.end()
  expect(await first).toBe(1)
  await turn()
  looks[1]?.end()
  expect(await Promise.all(second)).toEqual([2, 2])
  expect(looks).toHaveLength(2)
})

test('one of several that leaves stops nothing, the last one stops it', async () => {
  const [one, two] = [new AbortController(), new AbortController()]
  const waiting = [rejection(ask(0, one)), rejection(ask(0, two))]
  await turn()
  one.abort(new Error('one'))
  await turn()
  expect(looks[0]?.signal.aborted).toBe(false)
  two.abort(new Error('two'))
  expect((await Promise.all(waiting)).map(String)).toEqual(['Error: one', 'Error: two'])
  expect(looks[0]?.signal.aborted).toBe(true)
  const next = ask(0)
  await turn()
  looks[1]?.end()
  expect(await next).toBe(2)
})

test('one that nobody waits for any more does not begin', async () => {
  const first = ask(0)
  await turn()
  const abort = new AbortController()
  const second = rejection(ask(time, abort))
  abort.abort(new Error('left'))
  await second
  looks[0]?.end()
  await first
  await turn()
  expect(looks).toHaveLength(1)
})

test('a failure is told to all who wait, and the next one begins anew', async () => {
  const waiting = [rejection(ask(0)), rejection(ask(0))]
  await turn()
  looks[0]?.fail(new Error('the disk'))
  expect((await Promise.all(waiting)).map(String)).toEqual(['Error: the disk', 'Error: the disk'])
  const next = ask(0)
  await turn()
  looks[1]?.end()
  expect(await next).toBe(2)
})
