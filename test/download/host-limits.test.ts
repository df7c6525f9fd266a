import { describe, expect, test } from 'bun:test'
import { createHostLimits, type HostLimits, RECOVERY_MS, SETTLING_MS } from '../../src/download/host-limits.ts'
import { rejection } from '../support/rejection.ts'
import { manualClock, settled } from './manual-clock.ts'

const never = new AbortController().signal

/** Enters `count` times, and tells who got in, in their order. */
function visitors(limits: HostLimits, host: string) {
  const inside: number[] = []
  const leave = new Map<number, () => void>()
  let count = 0
  return {
    inside,
    leave: (who: number) => leave.get(who)?.(),
    come(signal = never) {
      const who = ++count
      return limits.enter(host, signal).then((end) => {
        inside.push(who)
        leave.set(who, end)
      })
    },
  }
}

describe('connections to a host', () => {
  test('first come, first served; each host for itself, whatever the case of its name', async () => {
    const limits = createHostLimits({ perHost: 2, clock: manualClock() })
    const { come, inside, leave } = visitors(limits, 'Civitai.com')
    const waits = [come(), come(), come(), come()]
    await settled()
    expect(inside).toEqual([1, 2])
    await limits.enter('huggingface.co', never)
    let other = false
    void limits.enter('civitai.com', never).then(() => (other = true))
    leave(2)
    leave(2)
    await settled()
    expect(inside).toEqual([1, 2, 3])
    leave(1)
    await Promise.all(waits)
    expect(inside).toEqual([1, 2, 3, 4])
    expect(other).toBe(false)
    leave(3)
    await settled()
    expect(other).toBe(true)
  })

  test('who gives up frees no place and holds nobody up', async () => {
    const limits = createHostLimits({ perHost: 1, clock: manualClock() })
    const { come, inside, leave } = visitors(limits, 'host')
    await come()
    const gone = new AbortController()
    const second = rejection(come(gone.signal))
    const third = come()
    gone.abort(new Error('not any more'))
    expect(await second).toMatchObject({ message: 'not any more' })
    await settled()
    expect(inside).toEqual([1])
    leave(1)
    await third
    expect(await rejection(limits.enter('host', AbortSignal.abort(new Error('stop'))))).toMatchObject({
      message: 'stop',
    })
  })

  test('nobody enters a host that paused, until the time is over', async () => {
    const clock = manualClock()
    const limits = createHostLimits({ perHost: 4, clock })
    const { come, inside } = visitors(limits, 'host')
    await come()
    limits.pause('host', 60_000)
    limits.pause('host', 1_000)
    void come()
    void come()
    await clock.pass(59_999)
    expect(inside).toEqual([1])
    await clock.pass(1)
    expect(inside).toEqual([1, 2, 3])
    expect(clock.pending).toBe(0)
  })

  test('a pause of which nobody waits the end runs no timer', () => {
    const clock = manualClock()
    createHostLimits({ perHost: 4, clock }).pause('host', 60_000)
    expect(clock.pending).toBe(0)
  })

  test('a host that complains gets half as many; connections that fail together count once', async () => {
    const clock = manualClock()
    const limits = createHostLimits({ perHost: 8, clock })
    const { come, inside, leave } = visitors(limits, 'host')
    await Promise.all(Array.from({ length: 8 }, () => come()))
    for (let times = 0; times < 8; times += 1) limits.shrink('host')
    expect(limits.allowed('host')).toBe(4)
    void come()
    for (const who of [1, 2, 3, 4]) leave(who)
    await settled()
    expect(inside).toHaveLength(8)
    leave(5)
    await settled()
    expect(inside).toHaveLength(9)
    await clock.pass(SETTLING_MS)
    limits.shrink('host')
    expect(limits.allowed('host')).toBe(2)
    for (const after of [1, 1]) {
      await clock.pass(SETTLING_MS)
      limits.shrink('host')
      expect(limits.allowed('host')).toBe(after)
    }
    expect(limits.allowed('other')).toBe(8)
  })

  test('what counts is how many there were, not how many there might have been', async () => {
    const limits = createHostLimits({ perHost: 64, clock: manualClock() })
    const { come } = visitors(limits, 'host')
    await Promise.all([come(), come(), come(), come()])
    limits.shrink('host')
    expect(limits.allowed('host')).toBe(2)
  })

  test('it recovers one by one, also for those who wait, and not during its pause', async () => {
    const clock = manualClock()
    const limits = createHostLimits({ perHost: 4, clock })
    const { come, inside } = visitors(limits, 'host')
    await come()
    limits.shrink('host')
    limits.pause('host', 100_000)
    void come()
    void come()
    void come()
    await clock.pass(100_000 + RECOVERY_MS - 1)
    expect(inside).toEqual([1])
    await clock.pass(1)
    expect(inside).toEqual([1, 2])
    await clock.pass(RECOVERY_MS)
    expect(inside).toEqual([1, 2, 3])
    await clock.pass(RECOVERY_MS)
    expect(inside).toEqual([1, 2, 3, 4])
    expect(clock.pending).toBe(0)
    await clock.pass(10 * RECOVERY_MS)
    expect(limits.allowed('host')).toBe(4)
  })
})
