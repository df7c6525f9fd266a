import { expect, test } from 'bun:test'
import { createIntervals } from '../../src/download/intervals.ts'
import { createPlan } from '../../src/download/plan.ts'
import { createSupply } from '../../src/download/supply.ts'
import { DEFAULT_TUNING } from '../../src/download/tuning.ts'
import { aSource } from './world.ts'

const MIB = 2 ** 20

test.each<readonly [name: string, mibPerSecond: number, openingMs: number, mebibytes: number]>([
  ['of a source that is not known yet is the smallest', 0, Number.POSITIVE_INFINITY, 16],
  ['is worth its connection, which takes long to make', 10, 300, 90],
  ['lasts some seconds at most', 10, 2_000, 100],
  ['is short where a connection costs nothing, so that the hash finds no gaps', 300, 1, 16],
  ['is one that leaves work to the others', 1_000, 300, 128],
])('a piece %s', (_name, mibPerSecond, openingMs, mebibytes) => {
  const supply = createSupply(aSource('http://127.0.0.1/'), DEFAULT_TUNING)
  supply.rate = mibPerSecond * MIB
  supply.openingMs = openingMs
  const plan = createPlan({
    written: createIntervals(),
    sizeBytes: () => 4_096 * MIB,
    notedSize: () => undefined,
    tuning: DEFAULT_TUNING,
    shares: () => false,
  })
  expect(plan.take(supply, 4)).toMatchObject({ begin: 0, end: mebibytes * MIB })
})
