import { expect, test } from 'bun:test'
import { lateFunction, onFirstUse } from '../../src/lib/on-first-use.ts'
import { rejection } from '../support/rejection.ts'

test('what is made is made once, and not before', () => {
  let made = 0
  const value = onFirstUse(() => {
    made += 1
    return undefined
  })
  expect(made).toBe(0)
  value()
  value()
  expect(made).toBe(1)
})

test('a function is loaded once, for calls at the same time too', async () => {
  let loads = 0
  const twice = lateFunction(async () => {
    loads += 1
    return async (number: number) => 2 * number
  })
  expect(await Promise.all([twice(1), twice(2)])).toEqual([2, 4])
  expect(await twice(3)).toBe(6)
  expect(loads).toBe(1)
})

test('what could not be loaded is loaded with the next call', async () => {
  let loads = 0
  const late = lateFunction(async () => {
    loads += 1
    if (loads === 1) throw new Error('too many open files')
    return async () => 'here'
  })
  expect(await rejection(late())).toMatchObject({ message: 'too many open files' })
  expect(await late()).toBe('here')
  expect(await late()).toBe('here')
  expect(loads).toBe(2)
})

test('a call that fails loads nothing again', async () => {
  let loads = 0
  const late = lateFunction(async () => {
    loads += 1
    return async () => Promise.reject(new Error('no'))
  })
  await rejection(late())
  await rejection(late())
  expect(loads).toBe(1)
})
