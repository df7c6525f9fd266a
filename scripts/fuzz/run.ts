import { Worker } from 'node:worker_threads'
import { type Answer, type Order, READY, type Target, type WorkerData } from './worker.ts'

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
const LOOK_EACH_MS = 250
const MOST_FAILURES = 20

const OWN_READER = new URL('../../src/import/read/read-prompt.ts', import.meta.url).href

/** Reads mutations of files in threads, and tells the first one of each file that something is wrong with. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { targets, rounds, hangMs = 20_000, mostGrowthBytes = 2 ** 30 } = options
  const started = performance.now()
  const before = process.memoryUsage().rss
  const failures: Failure[] = []
  const failed = new Set<string>()
  let [inputs, grownBytes] = [0, 0]
  let slowest = { path: '', number: 0, milliseconds: 0 }
  const orders = ordersOf(targets, rounds)

  const fail = (failure: Failure): void => {
    if (!failed.has(failure.path)) failures.push(failure)
    failed.add(failure.path)
  }
  const look = setInterval(() => {
    grownBytes = Math.max(grownBytes, process.memoryUsage().rss - before)
  }, LOOK_EACH_MS)

  async function work(): Promise<void> {
    let thread = startThread(options)
    try {
      for (let order = orders.next(); order.done !== true; order = orders.next()) {
        const { target, from, to } = order.value
        if (failed.has(target.path)) continue
        if (failures.length >= MOST_FAILURES || grownBytes > mostGrowthBytes) return
        const answer = await thread.ask(order.value, hangMs)
        inputs += to - from
        if (answer.slowest.milliseconds > slowest.milliseconds) slowest = { path: target.path, ...answer.slowest }
        if (answer.failure !== undefined) fail({ path: target.path, ...answer.failure })
        if (!thread.isAlive()) thread = startThread(options)
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

interface Thread {
  /** What went wrong with the thread itself is a failure of the mutation that it had. */
  ask(order: Order, hangMs: number): Promise<Answer>
  isAlive(): boolean
  end(): Promise<void>
}

function startThread({ pool, seed, readerUrl = OWN_READER }: FuzzOptions): Thread {
  const current = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const running = new Int32Array(current)
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { pool, seed, readerUrl, current } satisfies WorkerData,
  })
  let alive = true
  const ready = new Promise<void>((resolve) => {
    worker.on('message', (message: unknown) => message === READY && resolve())
  })

  return {
    isAlive: () => alive,
    async end() {
      alive = false
      await worker.terminate()
    },
    async ask(order, hangMs) {
      Atomics.store(running, 0, order.from)
      const ended = Promise.withResolvers<Answer>()
      const onMessage = (message: Answer | typeof READY): void => void (message !== READY && ended.resolve(message))
      const broke = (reason: string): void => {
        alive = false
        const number = Atomics.load(running, 0)
        ended.resolve({ slowest: { number, milliseconds: 0 }, failure: { number, reason } })
      }
      const onError = (error: Error): void => broke(`its thread ended: ${error.message}`)
      const onExit = (): void => broke('its thread ended')
      worker.on('message', onMessage)
      worker.once('error', onError)
      worker.once('exit', onExit)
      // Its start takes time as well, which no input is to blame for.
      let watch: ReturnType<typeof setInterval> | undefined
      void ready.then(() => {
        if (!alive) return
        watch = watchFor(running, hangMs, () => broke(`it was not read within ${hangMs} ms`))
        worker.postMessage(order)
      })
      try {
        return await ended.promise
      } finally {
        clearInterval(watch)
        worker.off('message', onMessage)
        worker.off('error', onError)
        worker.off('exit', onExit)
        if (!alive) await worker.terminate()
      }
    },
  }
}

/** Calls `onHang` when the number stays the same for too long. */
function watchFor(running: Int32Array, hangMs: number, onHang: () => void): ReturnType<typeof setInterval> {
  let seen = Atomics.load(running, 0)
  let since = performance.now()
  return setInterval(
    () => {
      const now = Atomics.load(running, 0)
      if (now !== seen) {
        seen = now
        since = performance.now()
      } else if (performance.now() - since > hangMs) onHang()
    },
    Math.min(LOOK_EACH_MS, hangMs / 4),
  )
}
