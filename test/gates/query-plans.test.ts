import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Client, createClient } from '@libsql/client'
import { createAudit } from '../../src/db/audit.ts'
import { createEventHub } from '../../src/events/hub.ts'
import { createImportOperations } from '../../src/import/operations.ts'
import { createJobRunner } from '../../src/jobs/runner.ts'
import { createJobStore } from '../../src/jobs/store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { findBaseModels } from '../../src/models/base-models.ts'
import type { Operation } from '../../src/operation/operation.ts'
import { findSamePrompt } from '../../src/track/extracted-prompt.ts'
import { type ModelHost, openModels } from '../support/models.ts'
import { aCall, openTrack, type Track } from '../support/track.ts'

/**
 * A full scan or a sort in memory cannot be seen on a small ledger and stops a large one: every query of every filter
 * that a list offers has to use an index. An exception needs its reason.
 */
const DIGEST = 'a'.repeat(64)
const TIME = '2026-01-01T00:00:00Z'
const CASES: readonly [operation: string, input: JsonObject][] = [
  ['find_asset', { asset_id: '1' }],
  ['find_asset', { sha256sum: DIGEST }],
  ['find_asset', { civitai_id: '1' }],
  ['find_asset', { civitai_url: 'https://civitai.com/images/1' }],
  ['find_asset', { post_id: '1' }],
  ['find_asset', { uses: DIGEST }],
  ['find_asset', { uses: '0123456789' }],
  ['find_asset', { uses: '123' }],
  ['find_asset', { uses: 'urn:air:sdxl:lora:civitai:1@2' }],
  ['list_assets', {}],
  ['list_assets', { asset_type: 'image' }],
  ['list_assets', { post_id: '1' }],
  ['list_assets', { created_by: 'local' }],
  ['list_assets', { start_time: TIME, end_time: TIME }],
  ['get_prompt', { prompt_id: '1' }],
  ['list_prompts', {}],
  ['list_prompts', { created_by: 'local' }],
  ['list_civitai_posts', {}],
  ['list_civitai_posts', { id: '1' }],
  ['list_civitai_posts', { civitai_id: '1' }],
  ['list_civitai_posts', { status: 'published' }],
  ['list_civitai_posts', { created_by: 'local' }],
  ['list_civitai_posts', { on_behalf_of: 'x' }],
  ['list_civitai_posts', { uses: DIGEST }],
  ['list_civitai_posts', { uses: '123', include_details: true }],
  ['list_civitai_posts', { start_time: TIME, end_time: TIME, include_details: true }],
  ['list_asset_stats', { asset_id: '1' }],
  ['list_events', {}],
  ['list_events', { table: 'assets' }],
  ['list_events', { table: 'assets', row_id: '1' }],
  ['list_events', { actor: 'local' }],
  ['list_events', { since: TIME }],
  ['list_import_jobs', {}],
  ['list_import_jobs', { status: 'completed' }],
  ['list_import_jobs', { batch_id: 'batch_1' }],
  ['get_import_graph', { job_id: 'imp_1', format: 'json' }],
  ['list_models', {}],
  ['list_models', { type: 'lora' }],
  ['list_models', { query: 'x' }],
  ['list_models', { hash: DIGEST }],
  ['list_models', { hash: `blake3:${DIGEST}` }],
  ['list_models', { hash: '0123456789ab' }],
  ['list_models', { hash: '0123456789' }],
  ['list_models', { hash: '01234567' }],
  ['list_models', { civitai_version_id: 1 }],
  ['list_models', { state: 'corrupt' }],
  ['list_models', { state: 'ok', type: 'lora' }],
  ['list_models', { duplicates: true }],
  ['list_models', { unused: true }],
  ['list_models', { duplicates: true, unused: true, type: 'lora' }],
  ['link_duplicates', {}],
  ['list_model_jobs', {}],
  ['list_model_jobs', { kind: 'scan' }],
  ['list_model_jobs', { status: 'completed' }],
  ['list_model_jobs', { kind: 'scan', status: 'completed' }],
  ['get_model_manifest', {}],
  ['get_model_manifest', { include: ['loras'] }],
  ['get_model_manifest', { hash: DIGEST, chunks: true }],
  ['verify_models', { hash: DIGEST }],
  ['list_nodes', {}],
]

/** Steps that look slow and are not, by the beginning of the case. */
const SORTS_WHAT_IT_FOUND = 'USE TEMP B-TREE FOR ORDER BY'
const EXCEPTIONS: readonly { readonly cases: RegExp; readonly step: string; readonly why: string }[] = [
  { cases: /^find_asset .*uses/, step: SORTS_WHAT_IT_FOUND, why: 'sorts the assets of one model, found by an index' },
  {
    cases: /^list_civitai_posts .*uses/,
    step: SORTS_WHAT_IT_FOUND,
    why: 'sorts the posts of one model, found likewise',
  },
  { cases: /^find_asset .*civitai_url/, step: SORTS_WHAT_IT_FOUND, why: 'sorts two rows at most' },
  { cases: /include_details/, step: SORTS_WHAT_IT_FOUND, why: 'sorts the assets of one page of posts' },
  {
    cases: /^list_models \{(?:"query":"x"|"unused":true)?\}/,
    step: 'SEARCH model_files USING INDEX sqlite_autoindex_model_files_1 (instance_id=?)',
    why: 'goes through the files of the host in the order of their paths and stops at the limit',
  },
  { cases: /^list_models .*version/, step: SORTS_WHAT_IT_FOUND, why: 'sorts the files of one version' },
  {
    cases: /^list_nodes/,
    step: 'SEARCH nodes USING INDEX sqlite_autoindex_nodes_1 (instance_id=?)',
    why: 'a host knows a handful of nodes, which are asked for in the order of their names',
  },
  {
    cases: /^list_models .*duplicates/,
    step: 'SCAN copies',
    why: 'adds up one row for each digest that is there twice',
  },
  {
    cases: /^link_duplicates/,
    step: SORTS_WHAT_IT_FOUND,
    why: 'sorts the copies, which it then compares byte by byte',
  },
  { cases: /^list_events \{\}/, step: 'SCAN audit', why: 'reads from the newest row on and stops at the limit' },
]

let host: ModelHost
let track: Track
let plans: Client
let read: string[] = []
let operations: readonly Operation[]

/** Only queries are looked at here: nothing is imported. */
const unread = (): Promise<never> => Promise.reject(new Error('Nothing is read here'))

beforeAll(async () => {
  host = await openModels({ onRead: (sql) => read.push(sql) })
  const { db, models } = host
  // A file of the host has the name, so that links by name alone are looked for too.
  const findNames = async () => [{ stem: 'harbor', types: ['lora', 'checkpoint'] }]
  track = await openTrack(() => ({ db, audit: createAudit(db), findNames }))
  const events = createEventHub({ db, clock: systemClock, instanceId: () => 'here' })
  const store = createJobStore({ db, events, clock: systemClock, instanceId: () => 'here' })
  const imports = createImportOperations({
    store,
    jobs: createJobRunner({ store, events, log: silentLog }),
    sources: { read: unread, readMedia: unread },
    checkRoots: async () => [],
  })
  operations = [...track.operations, ...imports, ...models.operations]
  plans = createClient({ url: `file:${host.dir}/airkeep.db` })
})
afterAll(async () => {
  plans.close()
  await track.close()
  await host.close()
})

async function stepsOf(sql: string): Promise<string[]> {
  const { rows } = await plans.execute({
    sql: `EXPLAIN QUERY PLAN ${sql}`,
    args: Array.from(sql.matchAll(/\?/g), () => 1),
  })
  return rows.map((row) => String(row.detail))
}

/** Steps of a plan that read a whole table, or all of one host, or sort in memory. */
async function slowSteps(sql: string): Promise<string[]> {
  return (await stepsOf(sql)).filter((step) =>
    /^SCAN (?!.*USING|json_each)|TEMP B-TREE FOR ORDER BY|\(instance_id=\?\)$/.test(step),
  )
}

describe('no query reads a whole table or sorts in memory', () => {
  test.each(CASES.map(([name, input]) => [`${name} ${JSON.stringify(input)}`, name, input] as const))(
    '%s',
    async (label, name, input) => {
      const operation = operations.find((one) => one.name === name)
      if (operation === undefined) throw new Error(`There is no operation ${name}`)
      read = []
      // Most rows that these name do not exist, which is an answer of its own.
      await operation
        .invoke(input, aCall())
        .catch((error: unknown) => expect(error).toMatchObject({ code: 'not_found' }))
      const selects = read.filter((sql) => !/^select count\(\*\)/i.test(sql))
      expect(read.length).toBeGreaterThan(0)
      const allowed = EXCEPTIONS.filter(({ cases }) => cases.test(label)).map(({ step }) => step)
      for (const sql of selects) {
        const slow = (await slowSteps(sql)).filter((step) => !allowed.includes(step))
        expect({ sql, slow }).toEqual({ sql, slow: [] })
      }
    },
  )

  test('the prompt inside new media is looked for by its text', async () => {
    read = []
    await findSamePrompt(host.db.read, { text: 'a harbor', metadata: { seed: 1 } })
    await findSamePrompt(host.db.read, { text: 'a harbor', metadata: null })
    expect(read).toHaveLength(2)
    const step = 'SEARCH prompts USING INDEX prompts_by_text (<expr>=? AND <expr>=?)'
    for (const sql of read) expect(await stepsOf(sql)).toEqual([step])
  })

  test('base models are looked up by digest, and blocked jobs among the newest of their state', async () => {
    read = []
    await findBaseModels(host.db, [DIGEST])
    const store = createJobStore({
      db: host.db,
      events: createEventHub({ db: host.db, clock: systemClock, instanceId: () => 'here' }),
      clock: systemClock,
      instanceId: () => 'here',
    })
    await store.findBlocked({ kinds: ['import'], state: 'partially_completed', reasons: ['terms'], limit: 10 })
    await store.findBlocked({ kinds: ['import'], state: 'x', reasons: ['terms'], owner: 'a', dueAt: 1, limit: 10 })
    expect(read).toHaveLength(3)
    for (const sql of read) {
      const slow = (await slowSteps(sql)).filter(
        (step) => step !== 'SCAN newest' && !step.startsWith('SCAN dependency'),
      )
      expect({ sql, slow }).toEqual({ sql, slow: [] })
    }
  })

  test('a scan is told', async () => {
    expect(await slowSteps('SELECT * FROM prompts WHERE purpose = ? ORDER BY llm_model')).toHaveLength(2)
    expect(await slowSteps('SELECT * FROM model_files WHERE instance_id = ? AND license = ?')).toHaveLength(1)
  })
})

test('every filter of every list is among the cases', () => {
  // Words inside a prompt cannot be found by an index of this database; the list is read from its newest end.
  const exceptions = ['list_prompts.query']
  const paging = ['limit', 'offset', 'include_details']
  const filters = operations
    .filter(({ name, effect }) => effect === 'read' && /^(?:list|find|get)_/.test(name))
    .filter(({ name }) => !/guide|job$/.test(name))
    .flatMap(({ name, inputJsonSchema }) =>
      Object.keys(inputJsonSchema().properties ?? {})
        .filter((field) => !paging.includes(field))
        .map((field) => `${name}.${field}`),
    )
  const covered = CASES.flatMap(([name, input]) => Object.keys(input).map((field) => `${name}.${field}`))
  expect(filters.filter((filter) => !covered.includes(filter) && !exceptions.includes(filter))).toEqual([])
})
