import { describe, expect, test } from 'bun:test'
import { isAppError } from '../../../src/errors.ts'
import { createClientLimits } from '../../../src/http/files/client-limits.ts'
import { createPace } from '../../../src/http/files/pace.ts'

describe('bandwidth', () => {
  test('lets each reservation wait for those before it', () => {
    const pace = createPace(1000)
    expect([pace.reserve(500, 0), pace.reserve(500, 0), pace.reserve(100, 200)]).toEqual([0, 500, 800])
  })

  test('does not add up while nothing is sent', () => {
    const pace = createPace(1000)
    pace.reserve(1000, 0)
    expect([pace.isIdle(999), pace.isIdle(1000)]).toEqual([false, true])
    expect([pace.reserve(1000, 60_000), pace.reserve(1, 60_000)]).toEqual([0, 1000])
  })

  test('of 0 is no limit', () => {
    const pace = createPace(0)
    expect([pace.reserve(1e12, 0), pace.reserve(1, 0), pace.isIdle(0)]).toEqual([0, 0, true])
  })
})

describe('places', () => {
  test('are counted for each client', () => {
    const limits = createClientLimits({ connections: 1, bytesPerSecond: 0 })
    const first = limits.enter('a')
    limits.enter('b')
    expect(limits.open).toBe(2)
    expect(codeOf(() => limits.enter('a'))).toBe('rate_limited')
    first.release()
    first.release()
    expect(limits.open).toBe(1)
    limits.enter('a')
    expect(codeOf(() => limits.enter('a'))).toBe('rate_limited')
  })

  test('of transfers that are seen to be over are free at once', () => {
    const limits = createClientLimits({ connections: 2, bytesPerSecond: 0 })
    let over = false
    const released: string[] = []
    const slot = limits.enter('a')
    slot.onRelease(() => released.push('first'))
    slot.onRelease(() => released.push('second'))
    slot.releaseWhen(() => over)
    limits.enter('a')
    expect(codeOf(() => limits.enter('a'))).toBe('rate_limited')
    over = true
    limits.enter('a')
    expect(released).toEqual(['second', 'first'])
  })

  test('are without limit at 0', () => {
    const limits = createClientLimits({ connections: 0, bytesPerSecond: 0 })
    for (let count = 0; count < 1000; count += 1) limits.enter('a')
    expect(limits.open).toBe(1000)
  })

  test('share the bandwidth of their client alone, and keep it over their end', () => {
    let now = 0
    const limits = createClientLimits({ connections: 0, bytesPerSecond: 1000, now: () => now })
    const slot = limits.enter('a')
    expect([slot.reserve(1000), limits.enter('a').reserve(1000), limits.enter('b').reserve(1000)]).toEqual([0, 1000, 0])
    slot.release()
    expect(limits.enter('a').reserve(1000)).toBe(2000)
    now = 60_000
    expect(limits.enter('a').reserve(1000)).toBe(0)
  })

  test.each([
    [0, 2 ** 20],
    [2 ** 40, 2 ** 20],
    [16 * 5000, 5000],
    [1, 1024],
  ])('at %d bytes a second send %d at a time', (bytesPerSecond, expected) => {
    expect(createClientLimits({ connections: 0, bytesPerSecond }).enter('a').pieceBytes).toBe(expected)
  })
})

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
  return undefined
}
