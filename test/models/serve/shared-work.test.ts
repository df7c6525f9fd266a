import { expect, test } from 'bun:test'
import { createSharedWork } from '../../../src/models/serve/shared-work.ts'
import { rejection } from '../../support/rejection.ts'

interface Task {
  readonly signal: AbortSignal
  resolve(value: string): void
  reject(error: Error): void
}

function setUp() {
  const shared = createSharedWork<string>()
  const tasks: Task[] = []
  const get = (key: string, signal?: AbortSignal) =>
    shared.get(key, signal, (own) => new Promise((resolve, reject) => tasks.push({ signal: own, resolve, reject })))
  return { tasks, get }
}

test('those who ask for the same get one result, others their own', async () => {
  const { tasks, get } = setUp()
  const asked = [get('a'), get('b'), get('a')]
  expect(tasks).toHaveLength(2)
  tasks[0]?.resolve('A')
  tasks[1]?.resolve('B')
  expect(await Promise.all(asked)).toEqual(['A', 'B', 'A'])
  const again = get('a')
  expect(tasks).toHaveLength(3)
  tasks[2]?.reject(new Error('broke'))
  expect(await rejection(again)).toMatchObject({ message: 'broke' })
})

test('who leaves takes nothing from the others; the last one ends it, and it is begun anew', async () => {
  const { tasks, get } = setUp()
  const [one, two] = [new AbortController(), new AbortController()]
  const asked = [get('a', one.signal), get('a', two.signal)].map(rejection)
  one.abort(new Error('one left'))
  expect(await asked[0]).toMatchObject({ message: 'one left' })
  expect(tasks[0]?.signal.aborted).toBe(false)
  two.abort(new Error('two left'))
  expect(await asked[1]).toMatchObject({ message: 'two left' })
  expect(tasks[0]?.signal.aborted).toBe(true)
  const again = get('a')
  expect(tasks).toHaveLength(2)
  tasks[1]?.resolve('A')
  expect(await again).toBe('A')
})

test('who comes after the end of its own request starts nothing', async () => {
  const { tasks, get } = setUp()
  expect(await rejection(get('a', AbortSignal.abort(new Error('gone'))))).toMatchObject({ message: 'gone' })
  expect(tasks).toHaveLength(0)
})
