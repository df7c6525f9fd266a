import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createBandwidth } from '../../src/download/bandwidth.ts'
import { rejection } from '../support/rejection.ts'
import { manualClock, settled } from './manual-clock.ts'

const never = new AbortController().signal

describe('the bandwidth of all downloads', () => {
  test('no limit costs nothing', () => {
    const { take } = createBandwidth(0, {
      now: () => {
        throw new Error('looked at the clock')
      },
      after: () => () => undefined,
    })
    expect(take(1e12, never)).toBe(take(1, never))
  })

  test('one second of it may be used at once, then bytes come at their pace', async () => {
    const clock = manualClock()
    const { take } = createBandwidth(100_000, clock)
    await take(100_000, never)
    let done = 0
    void take(50_000, never).then(() => (done = clock.now()))
    const start = clock.now()
    await clock.pass(499)
    expect(done).toBe(0)
    await clock.pass(10)
    expect(done - start).toBeWithin(500, 510)
  })

  test('idle time adds up to one second and not more', async () => {
    const clock = manualClock()
    const { take } = createBandwidth(1_000_000, clock)
    await clock.pass(60_000)
    await take(1_000_000, never)
    let more = false
    void take(1, never).then(() => (more = true))
    await settled()
    expect(more).toBe(false)
    await clock.pass(1)
    expect(more).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('a piece larger than a second takes its seconds', async () => {
    const clock = manualClock()
    const { take } = createBandwidth(1_000, clock)
    let done = false
    void take(11_000, never).then(() => (done = true))
    await clock.pass(9_990)
    expect(done).toBe(false)
    await clock.pass(100)
    expect(done).toBe(true)
  })

  test('connections that take large pieces get no more than those that take small ones', async () => {
    const clock = manualClock()
    const { take } = createBandwidth(1_600_000, clock)
    const got = { small: 0, large: 0 }
    const stop = new AbortController()
    const connection = async (name: 'small' | 'large', bytes: number): Promise<void> => {
      for (;;) {
        await take(bytes, stop.signal)
        got[name] += bytes
      }
    }
    const ends = [connection('small', 100_000), connection('large', 1_000_000)]
    await clock.pass(60_000)
    stop.abort()
    await Promise.allSettled(ends)
    expect(got.small / got.large).toBeWithin(0.9, 1.1)
  })

  test('who stops waiting leaves no debt', async () => {
    const clock = manualClock()
    const { take } = createBandwidth(100_000, clock)
    await take(100_000, never)
    const gone = new AbortController()
    const waits = rejection(take(10_000_000, gone.signal))
    await clock.pass(900)
    gone.abort(new Error('not any more'))
    expect(await waits).toMatchObject({ message: 'not any more' })
    expect(clock.pending).toBe(0)
    // What it had been granted is there for the next one.
    let done = false
    void take(90_000, never).then(() => (done = true))
    await settled()
    expect(done).toBe(true)
  })

  test('who is first and gives up lets the next one go on', async () => {
    const clock = manualClock()
    const { take } = createBandwidth(1_000, clock)
    await take(1_000, never)
    const gone = new AbortController()
    const first = rejection(take(1_000_000, gone.signal))
    let second = false
    void take(1_000, never).then(() => (second = true))
    gone.abort()
    await first
    await clock.pass(1_010)
    expect(second).toBe(true)
  })

  test('an aborted signal takes nothing', async () => {
    const clock = manualClock()
    const { take } = createBandwidth(1_000, clock)
    expect(await rejection(take(1_000, AbortSignal.abort(new Error('stop'))))).toMatchObject({ message: 'stop' })
    await take(1_000, never)
  })

  test('property: never more than the limit allows, and nobody is left behind', async () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1_000, max: 1_000_000 }), pieces, async (perSecond, sizes) => {
        const clock = manualClock()
        const { take } = createBandwidth(perSecond, clock)
        const start = clock.now()
        let granted = 0
        let within = true
        const all = sizes.map((bytes) =>
          take(bytes, never).then(() => {
            granted += bytes
            within &&= granted <= perSecond * (1 + (clock.now() - start) / 1000) + 1
          }),
        )
        const total = sizes.reduce((sum, bytes) => sum + bytes, 0)
        await clock.pass(Math.ceil((total / perSecond) * 1000) + 100 * sizes.length)
        await Promise.all(all)
        expect(within).toBe(true)
        expect(granted).toBe(total)
      }),
      { numRuns: 50 },
    )
  })
})
