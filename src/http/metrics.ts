import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export interface JobCount {
  readonly kind: string
  readonly status: string
  readonly count: number
}

export interface Metrics {
  observeRequest(method: string, route: string, status: number, seconds: number): void
  /** Bytes that were hashed, by what hashed them. */
  addHashedBytes(engine: 'native' | 'wasm', bytes: number): void
  /** Asked whenever the metrics are read. */
  countJobsWith(count: () => Promise<readonly JobCount[]>): void
  /** A number that is read whenever the metrics are. */
  addGauge(name: string, help: string, read: () => number): void
  /** Prometheus text format. */
  text(): Promise<string>
  readonly contentType: string
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600]

/** Methods that have a label of their own: anyone can send others. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'])

/** A registry of its own, so that two servers in one process do not count for each other. */
export function createMetrics({ version }: { readonly version: string }): Metrics {
  const registry = new Registry()
  const registers = [registry]
  let countJobs: () => Promise<readonly JobCount[]> = async () => []

  const requests = new Histogram({
    name: 'airkeep_http_request_duration_seconds',
    help: 'Time to the answer (of a stream: to its beginning), by method, route and status',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: SECONDS,
    registers,
  })
  const hashed = new Counter({
    name: 'airkeep_hashed_bytes_total',
    help: 'Bytes hashed, by engine',
    labelNames: ['engine'] as const,
    registers,
  })
  new Gauge({
    name: 'airkeep_jobs',
    help: 'Jobs by kind and status',
    labelNames: ['kind', 'status'] as const,
    registers,
    async collect() {
      this.reset()
      for (const { kind, status, count } of await countJobs()) this.set({ kind, status }, count)
    },
  })
  addProcessMetrics(registry, version)

  return {
    observeRequest(method, route, status, seconds) {
      requests.observe({ method: METHODS.has(method) ? method : 'other', route, status }, seconds)
    },
    addHashedBytes: (engine, bytes) => hashed.inc({ engine }, bytes),
    countJobsWith(count) {
      countJobs = count
    },
    addGauge: (name, help, read) => addGauge(registry, name, help, read),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

/** By hand: prom-client's own collectors read /proc and perf_hooks in ways that Bun does not all serve. */
function addProcessMetrics(registry: Registry, version: string): void {
  const registers = [registry]
  addGauge(registry, 'process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage().rss)
  addGauge(registry, 'process_heap_bytes', 'JavaScript heap in use', () => process.memoryUsage().heapUsed)
  addGauge(registry, 'process_start_time_seconds', 'Start of the process since the epoch', () =>
    Math.round(Date.now() / 1000 - process.uptime()),
  )
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

function addGauge(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read())
    },
  })
}
