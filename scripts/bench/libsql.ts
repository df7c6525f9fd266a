/**
 * The same operations over a database in a file, on a libSQL server and over a replica of one, all on this machine:
 * POST /v1/prompts and GET /v1/prompts/{id}, over 32 connections and over one. A new database each round, the three in
 * turn, median of the rounds.
 */
import { type Sqld, startSqld } from '../../test/support/sqld.ts'
import { httpRequest, load } from './load.ts'
import { median, type RunningServer, startServer } from './server.ts'

const ROUNDS = Number(process.argv[2] ?? 5)
const SECONDS_WORTH = { file: 1, sqld: 0.15, replica: 0.15 } as const
type Backend = keyof typeof SECONDS_WORTH
const BACKENDS = Object.keys(SECONDS_WORTH) as Backend[]

const body = (at: number): string =>
  JSON.stringify({
    prompt_text: `A serene mountain landscape at sunset, number ${at}, with a lake in front of it and warm light`,
    llm_model: 'flux-1-dev',
    metadata: { seed: at, steps: 28 },
  })
const create = (at: number): string => httpRequest('POST', '/v1/prompts', {}, body(at))
const read = (at: number): string => httpRequest('GET', `/v1/prompts/${1 + ((at * 7919) % 1000)}`, {})

const FIGURES = [
  { name: 'creates, 32 connections', connections: 32, requests: 10_000, request: create },
  { name: 'creates, 1 connection', connections: 1, requests: 2_000, request: create },
  { name: 'reads, 32 connections', connections: 32, requests: 20_000, request: read },
  { name: 'reads, 1 connection', connections: 1, requests: 4_000, request: read },
] as const

interface Measured {
  readonly perSecond: number
  readonly p50Ms: number
}

const measured = new Map<string, Measured[]>()

const envOf = (backend: Backend, sqld: Sqld): Record<string, string> => {
  if (backend === 'file') return {}
  const where = backend === 'sqld' ? 'AIRKEEP_DB' : 'AIRKEEP_DB_SYNC_URL'
  return { [where]: sqld.url, AIRKEEP_DB_TOKEN: sqld.token }
}

async function round(backend: Backend): Promise<void> {
  const sqld = await startSqld()
  let server: RunningServer | undefined
  try {
    server = await startServer(undefined, { AIRKEEP_LOG: 'error', ...envOf(backend, sqld) })
    // Rows to read, and a server that is warm.
    await load({ port: server.port, connections: 32, requests: 1_000, request: create })
    for (const { name, connections, requests, request } of FIGURES) {
      const amount = Math.round(requests * SECONDS_WORTH[backend])
      const result = await load({ port: server.port, connections, requests: amount, request })
      if (result.errors > 0) throw new Error(`${backend}, ${name}: ${result.errors} requests failed`)
      const key = `${name}: ${backend}`
      measured.set(key, [...(measured.get(key) ?? []), result])
    }
  } finally {
    await server?.stop()
    await sqld.close()
  }
}

for (let at = 0; at < ROUNDS; at += 1) {
  const order = at % 2 === 0 ? BACKENDS : BACKENDS.toReversed()
  for (const backend of order) await round(backend)
}
for (const { name } of FIGURES) {
  for (const backend of BACKENDS) {
    const runs = measured.get(`${name}: ${backend}`) ?? []
    const perSecond = median(runs.map((run) => run.perSecond))
    const ms = median(runs.map((run) => run.p50Ms))
    process.stdout.write(
      `${name}, ${backend}: ${perSecond.toFixed(0)}/s, p50 ${ms.toFixed(2)} ms, median of ${ROUNDS} rounds\n`,
    )
  }
}
