import { startThread } from './thread.ts'
import type { Order, Target } from './worker.ts'

export interface FuzzOptions {
  /** Files that are mutated. */
  readonly targets: readonly Target[]
  /** Files that pieces are taken from. */
  readonly pool: readonly Uint8Array[]
  /** Mutations of each file. */
  readonly rounds: number
  readonly seed: number
  readonly threads: number
  /** A module with `readPrompt`. @default the program's own */
  readonly readerUrl?: string
  /** After so long one reading hangs. @default 20 s */
  readonly hangMs?: number
  /** What the process may grow by. @default 1 GiB */
  readonly mostGrowthBytes?: number
}

export interface Failure {
  readonly path: string
  /** Of the mutation. */
  readonly number: number
  readonly reason: string
}

export interface FuzzReport {
  readonly inputs: number
  readonly seconds: number
  /** The mutation that took longest to read. */
  readonly slowest: { readonly path: string; readonly number: number; readonly milliseconds: number }
  /** By how much the process had grown at its largest. */
  readonly grownBytes: number
  readonly failures: readonly Failure[]
}

/** Mutations that a thread is asked for at once. */
const AT_ONCE = 250
/** How often memory is looked at. */
const LOOK_EACH_MS = 250
const MOST_FAILURES = 20

const OWN_READER = new URL('../../src/import/read/read-prompt.ts', import.meta.url).href

/** Reads mutations of files in threads, and tells the first one of each file that something is wrong with. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { targets, rounds, pool, seed, readerUrl = OWN_READER, hangMs = 20_000, mostGrowthBytes = 2 ** 30 } = options
  const started = performance.now()
  const before = process.memoryUsage().rss
  const failures: Failure[] = []
  const failed = new Set<string>()
  let [inputs, grownBytes] = [0, 0]
  let slowest = { path: '', number: 0, milliseconds: 0 }
  const orders = ordersOf(targets, rounds)
  const threadOptions = { pool, seed, readerUrl }

  const fail = (failure: Failure): void => {
    if (!failed.has(failure.path)) failures.push(failure)
    failed.add(failure.path)
  }
  const look = setInterval(() => {
    grownBytes = Math.max(grownBytes, process.memoryUsage().rss - before)
  }, LOOK_EACH_MS)

  async function work(): Promise<void> {
    let thread = startThread(threadOptions)
    try {
      for (let order = orders.next(); order.done !== true; order = orders.next()) {
        const { target, from, to } = order.value
        if (failed.has(target.path)) continue
        if (failures.length >= MOST_FAILURES || grownBytes > mostGrowthBytes) return
        const answer = await thread.ask(order.value, hangMs)
        inputs += to - from
        if (answer.slowest.milliseconds > slowest.milliseconds) slowest = { path: target.path, ...answer.slowest }
        if (answer.failure !== undefined) fail({ path: target.path, ...answer.failure })
        if (!thread.isAlive()) thread = startThread(threadOptions)
      }
    } finally {
      await thread.end()
    }
  }

  try {
    await Promise.all(Array.from({ length: options.threads }, work))
  } finally {
    clearInterval(look)
  }
  if (grownBytes > mostGrowthBytes) {
    fail({ path: 'all', number: 0, reason: `the process grew by ${Math.round(grownBytes / 2 ** 20)} MiB` })
  }
  return { inputs, seconds: (performance.now() - started) / 1000, slowest, grownBytes, failures }
}

/** All files get their first mutations before any gets its last. */
function* ordersOf(targets: readonly Target[], rounds: number): Generator<Order, undefined> {
  for (let from = 0; from < rounds; from += AT_ONCE) {
    for (const target of targets) yield { target, from, to: Math.min(rounds, from + AT_ONCE) }
  }
  return undefined
}
