/** Takes turns as a hashing worker does, and tells how many were at it at the same time. */
import { parentPort, workerData } from 'node:worker_threads'
import { createDeviceTurns } from '../../src/hash/device-turns.ts'

interface TurnWork {
  readonly table: SharedArrayBuffer
  /** Int32: how many are in a turn now, and how many overlapped so far. */
  readonly inside: SharedArrayBuffer
  readonly patienceMs: number
  readonly rounds: number
  /** Ends in the middle of its first turn. */
  readonly dies: boolean
}

const { table, inside, patienceMs, rounds, dies } = workerData as TurnWork
const turns = createDeviceTurns(table, patienceMs)
const counts = new Int32Array(inside)
for (let round = 0; round < rounds; round += 1) {
  const ticket = turns.take(5, () => {})
  if (dies) process.exit(0)
  if (Atomics.add(counts, 0, 1) !== 0) Atomics.add(counts, 1, 1)
  for (let spin = 0; spin < 200; spin += 1) Atomics.load(counts, 0)
  Atomics.sub(counts, 0, 1)
  turns.give(5, ticket)
}
parentPort?.postMessage(rounds)
