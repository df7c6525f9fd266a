/**
 * How soon 1,000 subscribers hear of one job, and what they cost: `bun scripts/bench/subscribers.ts [--subscribers N]
 * [--cycles N] [--stuck N]`. Some more take nothing, or next to nothing, of what they are sent; they must cost the others
 * nothing. The executable downloads from a slow server; the download is paused and taken up again, and every state
 * change is stored with its time: what passes until it has come to a subscriber, the commit included, is measured. Of
 * progress, which is not stored, it is the time after the first subscriber that has it.
 */
import { Database } from 'bun:sqlite'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cpuMs, residentBytes } from '../soak/process.ts'
import { type Delivery, eventsRequest, subscribe } from './event-socket.ts'
import { startPaced } from './paced.ts'
import { sha256OfFile, writeModelFile } from './serve-file.ts'
import { type RunningServer, startServer } from './server.ts'
import { openStuckSocket } from './stuck-socket.ts'

const { values } = parseArgs({
  options: { subscribers: { type: 'string' }, cycles: { type: 'string' }, stuck: { type: 'string' } },
})
const subscribers = Number(values.subscribers ?? 1_000)
const cycles = Number(values.cycles ?? 20)
const stuck = Number(values.stuck ?? 20)
const MIB = 2 ** 20
const WANTED_MS = 100
const WANTED_BYTES = 100 * MIB

const dir = mkdtempSync(join(tmpdir(), 'airkeep-bench-subscribers-'))
const data = join(dir, 'data')
const models = join(dir, 'ComfyUI/models')
mkdirSync(models, { recursive: true })
mkdirSync(data, { mode: 0o700 })
writeFileSync(join(data, 'config.jsonc'), '{"CivitAI.AllowedLicenses": [], "CivitAI.AllowTosAutoAccept": true}')
const source = join(dir, 'source.safetensors')
writeModelFile(source, 256 * MIB)
const sha256 = await sha256OfFile(source)
const paced = await startPaced(source, { total: MIB })
const server = await startServer(data, {
  AIRKEEP_MODELS: models,
  AIRKEEP_ALLOW_NET: '127.0.0.1',
  AIRKEEP_ALLOW_PRIVATE_NETWORK: '127.0.0.1',
  AIRKEEP_MIN_FREE: '0',
})
try {
  await main(server)
} finally {
  await server.stop()
  await paced.stop()
  rmSync(dir, { recursive: true, force: true })
}

async function main({ port, pid }: RunningServer): Promise<void> {
  const url = `http://127.0.0.1:${port}`
  const { job_id } = await call(`${url}/v1/models/request-download`, 'POST', { url: paced.url, sha256 })
  const job = `${url}/v1/models/jobs/${job_id}`
  await until(job, 'downloading')
  await Bun.sleep(2_000)
  const before = residentBytes(pid)

  const deliveries: Delivery[] = []
  let opened = 0
  const dead = Array.from({ length: stuck }, () => openStuckSocket(port, eventsRequest(port, String(job_id))))
  // Every other one takes a little.
  const slowly = setInterval(() => {
    for (const [at, socket] of dead.entries()) if (at % 2 === 0) socket.read(64)
  }, 100)
  const sockets = await Promise.all(
    Array.from({ length: subscribers }, () =>
      subscribe(
        port,
        String(job_id),
        () => {
          opened += 1
        },
        (delivery) => deliveries.push(delivery),
      ),
    ),
  )
  while (opened < subscribers) await Bun.sleep(50)
  // The state with which each stream begins is no news.
  await Bun.sleep(2_000)
  deliveries.length = 0
  let most = residentBytes(pid)
  const cpuBefore = cpuMs(pid)
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    await call(`${job}/pause`, 'POST')
    await until(job, 'paused')
    await call(`${job}/retry`, 'POST')
    await until(job, 'downloading')
    await Bun.sleep(1_000)
    most = Math.max(most, residentBytes(pid))
  }
  await Bun.sleep(1_000)
  const cpu = cpuMs(pid) - cpuBefore
  clearInterval(slowly)
  for (const socket of sockets) socket.end()
  for (const socket of dead) socket.close()
  report(deliveries, most - before, cpu)
}

async function call(url: string, method: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${JSON.stringify(answer)}`)
  return answer
}

async function until(job: string, status: string): Promise<void> {
  for (;;) {
    const found = await call(job, 'GET')
    if (found.status === status) return
    if (['completed', 'partially_completed', 'failed', 'cancelled'].includes(String(found.status))) {
      throw new Error(`The download has ended: ${JSON.stringify(found)}`)
    }
    await Bun.sleep(20)
  }
}

function report(deliveries: readonly Delivery[], moreBytes: number, cpu: number): void {
  const database = new Database(join(data, 'airkeep.db'), { readonly: true })
  const rows = database.query<{ id: number; at: number }, []>('SELECT id, at FROM events').all()
  database.close()
  const times = new Map(rows.map(({ id, at }) => [id, at]))
  const changes = deliveries.flatMap(({ id, atMs }) => (id === undefined ? [] : [atMs - (times.get(id) ?? Number.NaN)]))
  const first = new Map<string, number>()
  const progress = deliveries.filter(({ id }) => id === undefined)
  for (const each of progress) first.set(each.data, Math.min(first.get(each.data) ?? each.atMs, each.atMs))
  const spread = progress.map((each) => each.atMs - (first.get(each.data) ?? each.atMs))
  const stored = new Set(deliveries.flatMap(({ id }) => id ?? [])).size
  const missed = stored * subscribers - changes.length
  const mib = (bytes: number): string => (bytes / MIB).toFixed(0)
  process.stdout.write(
    `${subscribers} subscribers and ${stuck} stuck ones, ${stored} state changes: p50 ${at(changes, 0.5)}, p99 ${at(changes, 0.99)}, most ${at(changes, 1)} ms ` +
      `from change to delivery (wanted p99 below ${WANTED_MS}); ${missed} missed; ${first.size} times progress: p99 ` +
      `${at(spread, 0.99)} ms after the first; ${((1_000 * cpu) / deliveries.length).toFixed(0)} µs of processor for each delivery; ${mib(moreBytes)} MiB more memory (wanted below ${mib(WANTED_BYTES)})\n`,
  )
  const isFine = Number(at(changes, 0.99)) < WANTED_MS && missed === 0 && moreBytes < WANTED_BYTES
  if (!isFine) process.exitCode = 1
}

function at(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(0)
}
