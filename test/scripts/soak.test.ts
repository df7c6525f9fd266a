import { describe, expect, test } from 'bun:test'
import { createGate } from '../../scripts/soak/gate.ts'
import { createRecorder, summarize } from '../../scripts/soak/latency.ts'
import { judge, type Sample } from '../../scripts/soak/verdict.ts'

const MIB = 2 ** 20
const samples = (change: (at: number) => Partial<Sample> = () => ({}), length = 10): Sample[] =>
  Array.from({ length }, (_, at) => ({ rssBytes: 200 * MIB, descriptors: 30, errors: 0, ...change(at) }))

describe('the verdict', () => {
  test.each([
    ['nothing changes', samples(), true],
    [
      'it warms up first',
      samples((at) => ({ rssBytes: (at < 4 ? 100 + at * 25 : 200) * MIB, descriptors: 25 + Math.min(at, 3) })),
      true,
    ],
    ['memory goes up and down', samples((at) => ({ rssBytes: (190 + (at % 2) * 20) * MIB })), true],
    ['memory grows by less than a tenth', samples((at) => ({ rssBytes: (200 + at * 4) * MIB })), true],
    ['memory grows', samples((at) => ({ rssBytes: (200 + at * 10) * MIB })), false],
    ['a descriptor is left open now and then', samples((at) => ({ descriptors: 30 + Math.floor(at / 3) })), false],
    ['something failed once', samples((at) => ({ errors: at === 1 ? 1 : 0 })), false],
    ['there are too few samples', samples(undefined, 2), false],
  ])('%s', (_, given, flat) => {
    expect(judge(given).flat).toBe(flat)
  })

  test('says what it compared', () => {
    const { lines } = judge(samples((at) => ({ rssBytes: (200 + at * 10) * MIB })))
    expect(lines.join('\n')).toContain('resident memory 250.0 MiB to 280.0 MiB (12.0 %')
  })
})

test('the gate holds every worker, and lets all go on', async () => {
  const gate = createGate(3)
  let works = 0
  const workers = Array.from({ length: 3 }, async () => {
    while (await gate.pass()) {
      works += 1
      await Bun.sleep(0)
    }
  })
  await Bun.sleep(0)
  await gate.close()
  const before = works
  expect(before).toBeGreaterThan(0)
  await Bun.sleep(5)
  expect(works).toBe(before)
  gate.open()
  while (works === before) await Bun.sleep(0)
  await gate.close()
  gate.stop()
  await Promise.all(workers)
})

test('latency and errors are counted for each kind, and anew each time', async () => {
  expect(summarize([5, 1, 4, 2, 3])).toEqual({ count: 5, p50Ms: 3, p99Ms: 5 })
  const recorder = createRecorder()
  await recorder.time('good', async () => {})
  await recorder.time('bad', async () => {
    throw new Error('no')
  })
  const { latencies, errors } = recorder.take()
  expect([...latencies].map(([kind, { count }]) => [kind, count])).toEqual([['good', 1]])
  expect(errors).toEqual(['bad: no'])
  expect(recorder.take()).toEqual({ latencies: new Map([['good', { count: 0, p50Ms: 0, p99Ms: 0 }]]), errors: [] })
})
