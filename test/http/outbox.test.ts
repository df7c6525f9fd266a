import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { AppEvent } from '../../src/events/event.ts'
import { createOutbox } from '../../src/http/outbox.ts'

const event = (id: number | undefined, jobId: string, n = 0): AppEvent => ({
  type: 'job',
  kind: 'import',
  jobId,
  owner: 'local',
  permission: 'models:read',
  final: false,
  at: 0,
  id,
  data: { n },
})

const shown = (events: readonly AppEvent[]): string[] =>
  events.map(({ id, jobId, data }) => (id === undefined ? `${jobId} ${data.n}%` : `${jobId} #${id}`))

describe('what waits', () => {
  test('keeps its order, and of progress only the newest of each job', () => {
    const outbox = createOutbox()
    for (const one of [event(1, 'a'), event(undefined, 'a', 10), event(undefined, 'b', 5), event(undefined, 'a', 20)]) {
      expect(outbox.push(one)).toBe(false)
    }
    expect(shown(outbox.take(10))).toEqual(['a #1', 'b 5%', 'a 20%'])
    expect(outbox.size).toBe(0)
  })

  test('a later state takes the progress before it away', () => {
    const outbox = createOutbox()
    outbox.push(event(undefined, 'a', 99))
    outbox.push(event(undefined, 'b', 1))
    outbox.push(event(7, 'a'))
    expect(shown(outbox.take(10))).toEqual(['b 1%', 'a #7'])
  })

  test('is full past 256 states, never by progress', () => {
    const outbox = createOutbox()
    for (let id = 1; id <= 256; id += 1) expect(outbox.push(event(id, 'a'))).toBe(false)
    for (let n = 0; n < 10_000; n += 1) expect(outbox.push(event(undefined, 'b', n))).toBe(false)
    expect(outbox.size).toBe(257)
    expect(outbox.push(event(257, 'a'))).toBe(true)
    outbox.take(1)
    expect(outbox.push(event(257, 'a'))).toBe(false)
    outbox.clear()
    expect(outbox.size).toBe(0)
  })

  test('no state is lost, none comes twice or out of order, whatever is pushed and taken', () => {
    const step = fc.oneof(
      fc.record({ push: fc.constantFrom('a', 'b'), durable: fc.boolean() }),
      fc.record({ take: fc.integer({ min: 1, max: 5 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const outbox = createOutbox()
        let id = 0
        const got: AppEvent[] = []
        for (const one of steps) {
          if ('take' in one) got.push(...outbox.take(one.take))
          else if (one.durable) outbox.push(event(++id, one.push))
          else outbox.push(event(undefined, one.push, id))
        }
        got.push(...outbox.take(1000))
        const ids = got.flatMap((taken) => taken.id ?? [])
        expect(ids).toEqual(Array.from({ length: id }, (_, at) => at + 1))
        // Progress of a job never follows a state that is newer than it.
        for (const job of ['a', 'b']) {
          let newest = 0
          for (const taken of got.filter(({ jobId }) => jobId === job)) {
            if (taken.id === undefined) expect(Number(taken.data.n)).toBeGreaterThanOrEqual(newest)
            else newest = taken.id
          }
        }
      }),
    )
  })
})
