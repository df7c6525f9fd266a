/** GET /v1/assets/find by digest over 100,000 assets, with token, log and metrics on, 32 connections. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { httpRequest, type LoadResult, load } from './load.ts'
import { median, startServer } from './server.ts'

const ROUNDS = Number(process.argv[2] ?? 7)
const ASSETS = 100_000
const TOKEN = 'bench-token-0123456789'
const data = mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
const digestOf = (at: number): string => createHash('sha256').update(String(at)).digest('hex')

// The schema comes from a first start; the rows go in directly, since hashing 100,000 files is another figure.
await (await startServer(data, { AIRKEEP_TOKEN: TOKEN })).stop()
const client = createClient({ url: `file:${data}/airkeep.db`, concurrency: 1 })
for (let from = 0; from < ASSETS; from += 500) {
  await client.batch(
    Array.from({ length: 500 }, (_, at) => ({
      sql: "INSERT INTO assets (asset_url, asset_type, asset_source, sha256sum, size_bytes, created_by, updated_by, created_at, updated_at) VALUES (?, 'image', 'generated', ?, 1000, 'bench', 'bench', ?, ?)",
      args: [`/output/${from + at}.png`, digestOf(from + at), from + at, from + at],
    })),
    'write',
  )
}
client.close()

const server = await startServer(data, { AIRKEEP_TOKEN: TOKEN })
const request = (at: number): string =>
  httpRequest('GET', `/v1/assets/find?sha256sum=${digestOf((at * 7919) % ASSETS)}`, {
    authorization: `Bearer ${TOKEN}`,
  })
await load({ port: server.port, connections: 32, requests: 3_000, request })
const results: LoadResult[] = []
for (let round = 0; round < ROUNDS; round += 1) {
  results.push(await load({ port: server.port, connections: 32, requests: 20_000, request }))
}
await server.stop()
rmSync(data, { recursive: true })
const of = (pick: (result: (typeof results)[number]) => number): number => median(results.map(pick))
process.stdout.write(
  `GET /v1/assets/find, 100,000 assets, 32 connections: ${of((one) => one.perSecond).toFixed(0)}/s, p50 ${of((one) => one.p50Ms).toFixed(2)} ms, p99 ${of((one) => one.p99Ms).toFixed(2)} ms (wanted under 20), errors ${results.reduce((sum, { errors }) => sum + errors, 0)}, ${ROUNDS} rounds of 20,000\n`,
)
