import { readdir, readFile } from 'node:fs/promises'
import type { Registry } from 'prom-client'
import Counter from 'prom-client/lib/counter.js'
import Gauge from 'prom-client/lib/gauge.js'

/** By hand: prom-client's own collectors read /proc and perf_hooks in ways that Bun does not all serve. */
export function addProcessMetrics(registry: Registry, version: string): void {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number | Promise<number | undefined>): void => {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const value = await read()
        if (value === undefined) this.reset()
        else this.set(value)
      },
    })
  }
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage().rss)
  gauge('process_heap_bytes', 'JavaScript heap in use', () => process.memoryUsage().heapUsed)
  gauge('process_start_time_seconds', 'Start of the process since the epoch', () =>
    Math.round(Date.now() / 1000 - process.uptime()),
  )
  gauge('process_open_fds', 'Open file descriptors', openDescriptors)
  gauge('process_max_fds', 'File descriptors that may be open', maxDescriptors)
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'Processor time, user and system',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  new Gauge({ name: 'airkeep_info', help: 'The version that runs', labelNames: ['version'] as const, registers }).set(
    { version },
    1,
  )
}

/** Undefined where there is no /proc. */
async function openDescriptors(): Promise<number | undefined> {
  // One of them reads the folder.
  return readdir('/proc/self/fd').then(
    (names) => names.length - 1,
    () => undefined,
  )
}

async function maxDescriptors(): Promise<number | undefined> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  return soft === undefined ? undefined : Number(soft)
}

const SAMPLE_MS = 250

/** Tells again and again how late a timer comes, in seconds, until the answer is called. */
export function watchEventLoop(observe: (seconds: number) => void): () => void {
  let due = performance.now() + SAMPLE_MS
  const timer = setInterval(() => {
    const now = performance.now()
    observe(Math.max(0, now - due) / 1000)
    due = now + SAMPLE_MS
  }, SAMPLE_MS)
  timer.unref()
  return () => clearInterval(timer)
}
