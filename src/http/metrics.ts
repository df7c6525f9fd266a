import Counter from 'prom-client/lib/counter.js'
import Gauge from 'prom-client/lib/gauge.js'
import Histogram from 'prom-client/lib/histogram.js'
import Registry from 'prom-client/lib/registry.js'
import { addProcessMetrics } from './process-metrics.ts'

export interface JobCount {
  readonly kind: string
  readonly status: string
  readonly count: number
}

export type FetchOutcome = 'answered' | 'refused' | 'failed'

/** What the program tells of its own work. Labels come from short lists, never from a caller. */
export interface Meter {
  /** A file or stream that was hashed; `seconds` of it in a worker. */
  observeHash(engine: 'native' | 'wasm', bytes: number, seconds: number): void
  /** An answer to a request of ours: `refused` is a status of 400 and more, `failed` none at all. */
  observeFetch(peer: string, outcome: FetchOutcome, seconds: number): void
  /** A piece of the body of such an answer. */
  addFetchedBytes(peer: string, bytes: number): void
  /** A run of a job that has come to an end. */
  observeJob(kind: string, status: string, seconds: number): void
  /** A write to the database, from its call to its commit. */
  observeWrite(seconds: number): void
}

export interface Metrics extends Meter {
  observeRequest(method: string, route: string, status: number, seconds: number): void
  /** How late a timer was that nothing but the event loop could delay. */
  observeLag(seconds: number): void
  /** Asked whenever the metrics are read. */
  countJobsWith(count: () => Promise<readonly JobCount[]>): void
  /** A number that is read whenever the metrics are. */
  addGauge(name: string, help: string, read: () => number): void
  /** Prometheus text format. */
  text(): Promise<string>
  readonly contentType: string
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600]
const JOB_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400]
const LAG_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

/** Methods that have a label of their own: anyone can send others. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'])

/** A registry of its own, so that two servers in one process do not count for each other. */
export function createMetrics({ version }: { readonly version: string }): Metrics {
  const registry = new Registry()
  const registers = [registry]
  let countJobs: () => Promise<readonly JobCount[]> = async () => []

  const counter = <const L extends string>(name: string, help: string, ...labelNames: L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers })
  const histogram = <const L extends string>(
    name: string,
    help: string,
    buckets: number[],
    ...labelNames: L[]
  ): Histogram<L> => new Histogram({ name, help, buckets, labelNames, registers })

  const requests = histogram(
    'airkeep_http_request_duration_seconds',
    'Time to the answer (of a stream: to its beginning), by method, route and status',
    SECONDS,
    ...(['method', 'route', 'status'] as const),
  )
  const hashedBytes = counter('airkeep_hashed_bytes_total', 'Bytes hashed, by engine', 'engine')
  const hashSeconds = counter('airkeep_hash_seconds_total', 'Time spent on hashing, by engine', 'engine')
  const hashes = counter('airkeep_hashes_total', 'Files and streams hashed, by engine', 'engine')
  const fetchHelp = 'Time to the answer of other hosts, by whose they are and how it ended'
  const fetches = histogram('airkeep_fetch_duration_seconds', fetchHelp, SECONDS, 'peer', 'outcome')
  const fetchedBytes = counter(
    'airkeep_fetched_bytes_total',
    'Bytes fetched from other hosts, by whose they are',
    'peer',
  )
  const jobs = histogram('airkeep_job_duration_seconds', 'Time of ended runs of jobs', JOB_SECONDS, 'kind', 'status')
  const writes = histogram('airkeep_db_write_duration_seconds', 'Time from a write to its commit', SECONDS)
  const lag = histogram('airkeep_event_loop_lag_seconds', 'How late timers are, sampled all the time', LAG_SECONDS)
  new Gauge({
    name: 'airkeep_jobs',
    help: 'Jobs that wait or run, by kind and status',
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
    observeHash(engine, bytes, seconds) {
      hashedBytes.inc({ engine }, bytes)
      hashSeconds.inc({ engine }, seconds)
      hashes.inc({ engine })
    },
    observeFetch: (peer, outcome, seconds) => fetches.observe({ peer, outcome }, seconds),
    addFetchedBytes: (peer, bytes) => fetchedBytes.inc({ peer }, bytes),
    observeJob: (kind, status, seconds) => jobs.observe({ kind, status }, seconds),
    observeWrite: (seconds) => writes.observe(seconds),
    observeLag: (seconds) => lag.observe(seconds),
    countJobsWith(count) {
      countJobs = count
    },
    addGauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
