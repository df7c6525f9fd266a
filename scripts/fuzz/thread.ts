import { Worker } from 'node:worker_threads'
import { type Answer, type Order, READY, type WorkerData } from './worker.ts'

/** How often the number of the running mutation is looked at, at the least. */
const LOOK_EACH_MS = 250

/** A worker that reads mutations. */
export interface Thread {
  /** What went wrong with the thread itself is a failure of the mutation that it had. */
  ask(order: Order, hangMs: number): Promise<Answer>
  isAlive(): boolean
  end(): Promise<void>
}

export function startThread(options: Omit<WorkerData, 'current'>): Thread {
  const current = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
  const running = new Int32Array(current)
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { ...options, current } satisfies WorkerData,
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
