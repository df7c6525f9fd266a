import { expect, test } from 'bun:test'
import { lateFunction, onFirstUse } from '../../src/lib/on-first-use.ts'
import { rejection } from '../support/rejection.ts'

test('what is made on first use is made once, whatever it is', () => {
  let made = 0
  const nothing = onFirstUse(() => {
    made += 1
    return undefined
  })
  expect(made).toBe(0)
  expect([nothing(), nothing()]).toEqual([undefined, undefined])
  expect(made).toBe(1)
})

test('what cannot be made is tried again', () => {
  let tries = 0
  const third = onFirstUse(() => {
    tries += 1
    if (tries < 3) throw new Error(`try ${tries}`)
    return tries
  })
  expect(third).toThrow('try 1')
  expect(third).toThrow('try 2')
  expect([third(), third()]).toEqual([3, 3])
})

test('a late function is loaded once, with its first call, and answers as the function itself does', async () => {
  let loads = 0
  const halve = lateFunction(async () => {
    loads += 1
    return async (value: number) => {
      if (value % 2 === 1) throw new RangeError(`${value} is odd`)
      return value / 2
    }
  })
  expect(loads).toBe(0)
  expect(await Promise.all([halve(4), halve(8)])).toEqual([2, 4])
  expect(await halve(3).catch(String)).toBe('RangeError: 3 is odd')
  expect(loads).toBe(1)
})

test('what could not be loaded is loaded with the next call, and then kept', async () => {
  let loads = 0
  const late = lateFunction(async () => {
    loads += 1
    if (loads === 1) throw new Error('too many open files')
    return async () => 'here'
  })
  expect(await rejection(late())).toMatchObject({ message: 'too many open files' })
  expect(await Promise.all([late(), late()])).toEqual(['here', 'here'])
  expect(loads).toBe(2)
})
