/**
 * POST /v1/prompts over 32 connections, audit row included, against the same rows in transactions of @libsql/client
 * one after another. Both: WAL, synchronous=normal, a new database each round; sides interleaved, median of the rounds.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import { readMigrations } from '../../src/db/migrate.ts'
import { httpRequest, load } from './load.ts'
import { median, startServer } from './server.ts'

const ROUNDS = Number(process.argv[2] ?? 7)
const ROWS = Number(process.argv[3] ?? 20_000)

const bodyOf = (at: number) => ({
  prompt_text: `A serene mountain landscape at sunset, number ${at}, with a lake in front of it and warm light`,
  llm_model_provider: 'local',
  llm_model: 'flux-1-dev',
  purpose: 'image_generation',
  metadata: { seed: at, steps: 28 },
})

async function overHttp(): Promise<number> {
  const server = await startServer()
  try {
    const request = (at: number) => httpRequest('POST', '/v1/prompts', {}, JSON.stringify(bodyOf(at)))
    await load({ port: server.port, connections: 32, requests: 2_000, request })
    const result = await load({ port: server.port, connections: 32, requests: ROWS, request })
    if (result.errors > 0) throw new Error(`${result.errors} requests failed`)
    return result.perSecond
  } finally {
    await server.stop()
  }
}

async function raw(): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
  const client = createClient({ url: `file:${dir}/raw.db`, concurrency: 1, timeout: 1000 })
  await client.execute('PRAGMA journal_mode=wal')
  await client.execute('PRAGMA synchronous=normal')
  for (const { statements } of await readMigrations()) for (const sql of statements) await client.execute(sql)
  const insert = async (at: number): Promise<void> => {
    const row = bodyOf(at)
    const now = Date.now()
    const metadata = JSON.stringify(row.metadata)
    const transaction = await client.transaction('write')
    const { rows } = await transaction.execute({
      sql: 'INSERT INTO prompts (prompt_text, llm_model_provider, llm_model, purpose, metadata, created_by, updated_by, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id',
      args: [row.prompt_text, row.llm_model_provider, row.llm_model, row.purpose, metadata, 'local', 'local', now, now],
    })
    const id = String(rows[0]?.id)
    await transaction.execute({
      sql: 'INSERT INTO audit (at, actor, op, table_name, row_id, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)',
      args: [
        now,
        'local',
        'create_prompt',
        'prompts',
        id,
        null,
        JSON.stringify({
          prompt_id: id,
          ...row,
          created_at: now,
          updated_at: now,
          created_by: 'local',
          updated_by: 'local',
          on_behalf_of: null,
        }),
      ],
    })
    await transaction.commit()
  }
  for (let at = 0; at < 2_000; at += 1) await insert(at)
  const begin = performance.now()
  for (let at = 0; at < ROWS; at += 1) await insert(at)
  const perSecond = ROWS / ((performance.now() - begin) / 1000)
  client.close()
  rmSync(dir, { recursive: true })
  return perSecond
}

const sides: { http: number[]; raw: number[] } = { http: [], raw: [] }
for (let round = 0; round < ROUNDS; round += 1) {
  sides.http.push(await overHttp())
  sides.raw.push(await raw())
}
const [http, bare] = [median(sides.http), median(sides.raw)]
process.stdout.write(
  `POST /v1/prompts, 32 connections: ${http.toFixed(0)}/s (least ${Math.min(...sides.http).toFixed(0)}); raw transactions: ${bare.toFixed(0)}/s (least ${Math.min(...sides.raw).toFixed(0)}); ratio ${(http / bare).toFixed(2)} (wanted 0.40), ${ROUNDS} rounds of ${ROWS}\n`,
)
