import { afterAll, describe, expect, test } from 'bun:test'
import { Worker } from 'node:worker_threads'
import { createDeviceTurns, createTurnTable, DEVICE_SLOTS } from '../../src/hash/device-turns.ts'
import { TURN_BYTES } from '../../src/hash/file-pass.ts'
import { startHashThread } from '../../src/hash/thread.ts'
import { createWholeFileHasher } from '../../src/hash/whole-file.ts'
import { createTestFiles, hasherDeps, patterned, sha256 } from './content.ts'
import { failureOf } from './outcome.ts'

const files = createTestFiles()
afterAll(() => files.remove())

const always = (): void => {}
const refuse = (): never => {
  throw new Error('not wanted any more')
}

/** A table in which somebody holds the slot and will never give it back. */
function heldFor(slot: number): { table: SharedArrayBuffer; ticket: number } {
  const table = createTurnTable()
  return { table, ticket: createDeviceTurns(table).take(slot, always) }
}

describe('a turn', () => {
  test.each([0, 1, DEVICE_SLOTS - 1])(
    'of slot %d is taken, given back and taken again; other slots are free',
    (slot) => {
      const turns = createDeviceTurns(createTurnTable())
      const first = turns.take(slot, always)
      expect(() => turns.take(slot, refuse)).toThrow('not wanted')
      const elsewhere = turns.take((slot + 1) % DEVICE_SLOTS, refuse)
      expect(elsewhere).not.toBe(first)
      turns.give(slot, first)
      expect(turns.take(slot, refuse)).not.toBe(first)
    },
  )

  test('is taken over from one that never ends it, who then ends nothing', () => {
    const { table, ticket } = heldFor(7)
    const impatient = createDeviceTurns(table, 5)
    const taken = impatient.take(7, always)
    createDeviceTurns(table).give(7, ticket)
    expect(() => createDeviceTurns(table).take(7, refuse)).toThrow('not wanted')
    impatient.give(7, taken)
    createDeviceTurns(table).take(7, refuse)
  })

  test('tickets stay positive when their number runs over', () => {
    const table = createTurnTable()
    new Int32Array(table)[DEVICE_SLOTS] = 2 ** 31 - 2
    const turns = createDeviceTurns(table)
    for (let round = 0; round < 5; round += 1) {
      const ticket = turns.take(0, refuse)
      expect(ticket).toBeGreaterThan(0)
      expect(new Int32Array(table)[0]).toBe(ticket)
      turns.give(0, ticket)
    }
  })
})

describe('workers', () => {
  const run = (table: SharedArrayBuffer, inside: SharedArrayBuffer, more: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const workerData = { table, inside, patienceMs: 60_000, rounds: 400, dies: false, ...more }
      const worker = new Worker(new URL('./turn-worker.ts', import.meta.url), { workerData })
      worker.on('message', resolve)
      worker.on('error', reject)
      worker.on('exit', () => resolve('exited'))
    })

  test('are never two in one turn', async () => {
    const [table, inside] = [createTurnTable(), new SharedArrayBuffer(8)]
    expect(await Promise.all([1, 2, 3, 4].map(() => run(table, inside, {})))).toEqual([400, 400, 400, 400])
    expect([...new Int32Array(inside)]).toEqual([0, 0])
  })

  test('go on when one dies in its turn', async () => {
    const [table, inside] = [createTurnTable(), new SharedArrayBuffer(8)]
    expect(await run(table, inside, { dies: true })).toBe('exited')
    expect(new Int32Array(table)[5]).not.toBe(0)
    const rest = [1, 2].map(() => run(table, inside, { patienceMs: 30 }))
    expect(await Promise.all(rest)).toEqual([400, 400])
    expect(new Int32Array(table)[5]).toBe(0)
  })
})

describe('reading with turns', () => {
  const bytes = patterned(2 * TURN_BYTES + 17)

  test('gives every turn back, also when the file is refused, changes or nobody wants it', async () => {
    const table = createTurnTable()
    const hash = createWholeFileHasher(await hasherDeps(table))
    const path = files.add(bytes)
    const told: number[] = []
    const options = { engine: 'native', turns: 3, isCancelled: () => false, onBytes: () => {} } as const
    const digest = hash(path, { ...options, onBytes: (done) => told.push(done) })
    expect(digest.sha256 as string).toBe(sha256(bytes))
    expect(told).toEqual([TURN_BYTES, 2 * TURN_BYTES, bytes.length])
    expect(() => hash(path, { ...options, onBytes: () => refuse() })).toThrow('not wanted')
    expect(() => hash(path, { ...options, isCancelled: () => true })).toThrow('cancelled')
    expect(() => hash(files.dir, options)).toThrow('a folder')
    expect(new Int32Array(table)[3]).toBe(0)
  })

  test('reads after a while when the holder hangs, and tells how long it waited', async () => {
    const { table } = heldFor(3)
    const hash = createWholeFileHasher(await hasherDeps(table, 5))
    const options = { engine: 'native', isCancelled: () => false, onBytes: () => {} } as const
    const waited = hash(files.add(bytes), { ...options, turns: 3 })
    expect(waited.sha256 as string).toBe(sha256(bytes))
    expect(waited.turnSeconds).toBeGreaterThan(0)
    expect(waited.seconds).toBeGreaterThan(waited.turnSeconds + waited.readSeconds)
    expect(hash(files.add(bytes), options).turnSeconds).toBe(0)
  })

  test('can be cancelled while it waits for its turn', async () => {
    const { table } = heldFor(3)
    const thread = startHashThread(new URL('../../src/hash/worker.ts', import.meta.url), { turns: table })
    const input = { path: files.add(bytes), engine: 'native', exact: false, turns: 3, progress: false } as const
    const call = failureOf(thread.call('file', input))
    thread.cancel()
    expect((await call).code).toBe('cancelled')
    // Another slot is free.
    expect((await thread.call('file', { ...input, turns: 4 })).sizeBytes).toBe(bytes.length)
    await thread.end()
  })
})
