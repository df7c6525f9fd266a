/**
 * `bun scripts/soak.ts [--minutes 10] [--seconds N] [--growth 0.1]`: mixed load on dist/airkeep, with memory, descriptors
 * and latency after each tenth of the time. Ends with 1 unless the last third is as the middle one.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startServer } from './bench/server.ts'
import { createGate } from './soak/gate.ts'
import { createRecorder, type Latency } from './soak/latency.ts'
import { residentBytes, settledDescriptors } from './soak/process.ts'
import { judge, type Sample } from './soak/verdict.ts'
import { agent, hasher, importer, reader, subscriber, type WorkDeps, type Worker, writer } from './soak/work.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seconds: { type: 'string' }, growth: { type: 'string', default: '0.1' } },
})
const seconds = Number(values.seconds ?? Number(values.minutes ?? 10) * 60)
if (!(seconds > 0) || !(Number(values.growth) > 0)) throw new RangeError('times and growth are numbers above 0')
/** Whole minutes are told each minute, shorter runs in tenths. */
const rounds = Math.max(10, Math.round(seconds / 60))

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const fixtures = join(import.meta.dir, '../fixtures')
const folder = mkdtempSync(join(tmpdir(), 'airkeep-soak-'))
const data = join(folder, 'data')
mkdirSync(data)
cpSync(join(fixtures, 'models'), join(folder, 'models'), { recursive: true })
const bytes = Buffer.alloc(2 * 2 ** 20, 7)
const files = createServer((_, response) => response.end(bytes))
await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve))
const address = `http://127.0.0.1:${(files.address() as AddressInfo).port}/file`
const server = await startServer(data, {
  AIRKEEP_LOG: 'warn',
  AIRKEEP_MODELS: join(folder, 'models'),
  AIRKEEP_ALLOW_PRIVATE_NETWORK: '127.0.0.1',
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    process.kill(server.pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
    process.exit(130)
  })
}

let exitCode = 1
try {
  exitCode = (await soak()) ? 0 : 1
} finally {
  await server.stop()
  files.closeAllConnections()
  files.close()
  const log = await Bun.file(join(data, 'log')).text()
  const complaints = log.split('\n').filter((line) => /"level":"(?:warn|error)"/.test(line))
  if (complaints.length > 0) say(`the log has ${complaints.length} complaints, the first: ${complaints[0]}`)
  rmSync(folder, { recursive: true, force: true })
}
process.exit(exitCode)

async function soak(): Promise<boolean> {
  const acknowledged = { prompts: 0, assets: 0 }
  const url = `http://127.0.0.1:${server.port}`
  const deps: WorkDeps = { url, port: server.port, folder, fixtures, acknowledged }
  const workers: readonly Worker[] = [
    ...[1, 2].map((serial) => writer(deps, serial)),
    ...[1, 2].map(() => reader(deps)),
    ...[1, 2, 3, 4].map(() => subscriber(deps)),
    ...[1, 2].map((serial) => agent(deps, serial)),
    ...[1, 2].map((serial) => hasher(deps, serial, address)),
    ...[1, 2].map((serial) => importer(deps, serial)),
  ]
  const gate = createGate(workers.length)
  const recorder = createRecorder()
  const running = workers.map(async ({ kind, pauseMs, work, rest }) => {
    for (;;) {
      if (gate.closed) await rest?.()
      if (!(await gate.pass())) break
      await recorder.time(kind, work)
      await Bun.sleep(pauseMs)
    }
    await rest?.()
  })

  const samples: Sample[] = []
  say(`${seconds} s of load by ${workers.length} workers; resident memory and descriptors with nobody connected`)
  for (let round = 1; round <= rounds; round += 1) {
    await Bun.sleep((seconds / rounds) * 1000)
    await gate.close()
    const descriptors = await settledDescriptors(server.pid)
    const { latencies, errors } = recorder.take()
    const sample = { rssBytes: residentBytes(server.pid), descriptors, errors: errors.length }
    samples.push(sample)
    say(describe(round, sample, latencies))
    for (const error of new Set(errors.slice(0, 5))) say(`        ${error}`)
    gate.open()
  }
  gate.stop()
  await Promise.all(running)

  const kept = await Promise.all(['prompts', 'assets'].map((table) => countOf(url, table)))
  const wrote = `${kept[0]} prompts and ${kept[1]} assets in the ledger`
  const lost = kept[0] !== acknowledged.prompts || kept[1] !== acknowledged.assets
  const { flat, lines } = judge(samples, Number(values.growth))
  for (const line of lines) say(line)
  say(lost ? `${wrote}, but ${JSON.stringify(acknowledged)} were acknowledged` : `${wrote}, as acknowledged`)
  say(flat && !lost ? 'flat' : 'NOT flat')
  return flat && !lost
}

async function countOf(url: string, table: string): Promise<number> {
  const answer = (await (await fetch(`${url}/v1/${table}?limit=1`)).json()) as { count: number }
  return answer.count
}

function describe(
  round: number,
  { rssBytes, descriptors, errors }: Sample,
  kinds: ReadonlyMap<string, Latency>,
): string {
  const at = String(Math.round((round * seconds) / rounds)).padStart(5)
  const times = [...kinds].map(
    ([kind, { count, p50Ms, p99Ms }]) => `${kind} ${count}x ${p50Ms.toFixed(1)}/${p99Ms.toFixed(1)}`,
  )
  const memory = `${(rssBytes / 2 ** 20).toFixed(1)} MiB`
  return `${at} s  ${memory}  ${descriptors} fds  ${errors} errors  p50/p99 ms: ${times.join(', ')}`
}
