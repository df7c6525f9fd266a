import { parentPort, workerData } from 'node:worker_threads'
import { FORMATS } from '../../src/import/parse/format-names.ts'
import { judge, type Read } from './judge.ts'
import { mutate, randomOf } from './mutate.ts'

/** One file to be mutated. */
export interface Target {
  readonly path: string
  readonly bytes: Uint8Array
}

export interface WorkerData {
  /** Every fixture, whose pieces get into others. */
  readonly pool: readonly Uint8Array[]
  readonly seed: number
  /** A module with `readPrompt`. */
  readonly readerUrl: string
  /** The number of the mutation that is being read, for whoever watches. */
  readonly current: SharedArrayBuffer
}

/** Asks for mutations of one fixture, `from` to `to` (exclusive). */
export interface Order {
  readonly target: Target
  readonly from: number
  readonly to: number
}

export interface Answer {
  readonly slowest: { readonly number: number; readonly milliseconds: number }
  /** The first mutation that something was wrong with, after which the others were left out. */
  readonly failure?: { readonly number: number; readonly reason: string }
}

/** What a thread says when it can be asked. */
export const READY = 'ready'

const THOROUGH_EACH = 16
const FORCED_EACH = 8

const port = parentPort
if (port !== null) {
  const { pool, seed, readerUrl, current } = workerData as WorkerData
  const { readPrompt } = (await import(readerUrl)) as { readPrompt: Read }
  const running = new Int32Array(current)
  port.on('message', ({ target, from, to }: Order) => {
    let slowest = { number: from, milliseconds: 0 }
    let failure: Answer['failure']
    for (let number = from; number < to && failure === undefined; number += 1) {
      Atomics.store(running, 0, number)
      const { milliseconds, failure: reason } = judge(readPrompt, inputOf(target, pool, seed, number))
      if (milliseconds > slowest.milliseconds) slowest = { number, milliseconds }
      if (reason !== undefined) failure = { number, reason }
    }
    port.postMessage({ slowest, ...(failure === undefined ? {} : { failure }) } satisfies Answer)
  })
  // What is asked before there is a handler is lost.
  port.postMessage(READY)
}

/** Number 0 is the fixture as it is. */
export function inputOf(target: Target, pool: readonly Uint8Array[], seed: number, number: number) {
  const random = randomOf({ seed, path: target.path, number })
  const forced = random.between(1, FORCED_EACH) === 1
  return {
    bytes: number === 0 ? target.bytes : mutate(target.bytes, pool, random),
    format: forced ? random.pick(FORMATS) : 'auto',
    thorough: number % THOROUGH_EACH === 0,
  }
}
