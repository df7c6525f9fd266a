import { expect, test } from 'bun:test'
import { createGrowth } from '../../src/download/growth.ts'
import { createHostLimits } from '../../src/download/host-limits.ts'
import { type FaultKind, SourceFault } from '../../src/download/source-fault.ts'
import { createSupply } from '../../src/download/supply.ts'
import { createTroubleHandler } from '../../src/download/trouble.ts'
import { DEFAULT_TUNING } from '../../src/download/tuning.ts'
import { AppError } from '../../src/errors.ts'
import { aSource } from './world.ts'

const system = (code: string): Error => Object.assign(new Error(code), { code })
const failed = (code: string): AppError => new AppError('upstream_unavailable', 'No luck', { cause: system(code) })
const fault = (kind: FaultKind): SourceFault => new SourceFault(kind, 'it said so')

test.each<readonly [name: string, error: unknown, allowed: number, target: number]>([
  ['429 and 503', fault('busy'), 4, 3],
  ['a host that takes no connection any more', failed('ECONNREFUSED'), 4, 3],
  ['a connection that breaks', failed('ECONNRESET'), 8, 4],
  ['500', fault('retry'), 8, 4],
  ['silence', fault('silent'), 8, 4],
  ['an address that expired', fault('expired'), 8, 4],
  ['another file', fault('different'), 8, 4],
  ['a file that is gone', fault('dead'), 8, 4],
])('who gets fewer connections: %s', async (_, error, allowed, target) => {
  const hosts = createHostLimits({ perHost: 8 })
  const growth = createGrowth({ max: 8, tuning: DEFAULT_TUNING })
  const supply = createSupply(aSource('http://127.0.0.1:1/'), DEFAULT_TUNING)
  supply.active = 8
  for (let times = 0; times < 8; times += 1) await hosts.enter('host:1', new AbortController().signal)
  const tell = createTroubleHandler({
    ...{ supplies: [supply], admission: { mixable: () => true }, hosts, growth },
    ...{ open: () => 8, restart() {}, spoil() {}, fail() {} },
  })
  // Connections that were made together fail together.
  for (let times = 0; times < 3; times += 1) tell({ error, supply, location: undefined, host: 'host:1' })
  expect(hosts.allowed('host:1')).toBe(allowed)
  expect(growth.target()).toBeLessThanOrEqual(target)
  if (allowed === 8) expect(growth.target()).toBe(DEFAULT_TUNING.firstConnections)
})

test('what nothing ties together: asked for all at once without a failure, and begun anew only so often', () => {
  const supply = createSupply(aSource('http://127.0.0.1:1/'), DEFAULT_TUNING)
  let restarts = 0
  const tell = createTroubleHandler({
    ...{ supplies: [supply], admission: { mixable: () => false } },
    hosts: createHostLimits({ perHost: 8 }),
    growth: createGrowth({ max: 8, tuning: DEFAULT_TUNING }),
    open: () => 1,
    restart: () => (restarts += 1),
    spoil() {},
    fail() {},
  })
  const trouble = { supply, location: undefined, host: 'host:1' }
  for (let times = 0; times < 9; times += 1) tell({ ...trouble, error: fault('single') })
  expect(supply.usable(performance.now())).toBe(true)
  for (let times = 0; times < 9; times += 1) tell({ ...trouble, error: fault('anew') })
  expect(supply.dead).toMatchObject({ kind: 'dead', message: 'it said so' })
  expect(restarts).toBe(4)
})
