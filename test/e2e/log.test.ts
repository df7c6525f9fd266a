import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { aPng } from '../support/build.ts'
import { type Executable, installExecutable, type Server } from '../support/executable.ts'
import { type FakeCivitai, startFakeCivitai } from '../support/fake-civitai.ts'
import { readSse } from '../support/sse.ts'

const ADMIN = 'admin-token-0123456789abcdef'
const CIVITAI_KEY = 'civitai-key-0123456789abcdef'

let executable: Executable
let civitai: FakeCivitai
let server: Server
beforeAll(async () => {
  executable = installExecutable()
  civitai = await startFakeCivitai()
  server = await executable.serve(['--quiet'], {
    env: {
      AIRKEEP_CIVITAI_URL: civitai.url,
      AIRKEEP_LOG: 'debug',
      AIRKEEP_TOKEN: ADMIN,
      CIVITAI_TOKEN: CIVITAI_KEY,
      AIRKEEP_SHARE_UPSTREAM_KEYS: 'true',
    },
  })
})
afterAll(async () => {
  await executable.remove()
  await civitai.close()
})

interface Line extends JsonObject {
  readonly level: string
  readonly msg: string
}

const lines = (): Line[] =>
  server
    .stderr()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

const bearer = (token = ADMIN): Record<string, string> => ({ authorization: `Bearer ${token}` })

async function call(id: string, method: string, path: string, body?: object, token = ADMIN): Promise<JsonObject> {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      ...bearer(token),
      'x-request-id': id,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return (await response.json()) as JsonObject
}

/** Starts an import and waits for its end. */
async function runImport(id: string, body: object): Promise<string> {
  const { job_id } = await call(id, 'POST', '/v1/prompts/import', body)
  for await (const _ of readSse(`${server.url}/v1/prompts/import/${job_id}/events`, bearer())) {
    // To its end.
  }
  return String(job_id)
}

describe('every line says whose work it is about', () => {
  test('requests and jobs of every kind, at the level debug', async () => {
    civitai.addPost('5', [{}, {}])
    civitai.misbehave({ kind: 'fail', status: 503, headers: { 'retry-after': '0' }, times: 1 })
    await call('asked-again', 'GET', '/v1/civitai/posts/5/assets')
    civitai.misbehave({ kind: 'odd', junk: true })
    await call('junk', 'GET', '/v1/civitai/posts/5/assets')
    civitai.misbehave(undefined)
    await call('private', 'POST', '/v1/hash', { path: 'http://10.1.2.3/x' })
    await call('unlisted', 'POST', '/v1/hash', { path: 'https://unlisted.example/?token=query-secret-0123456789' })
    await call('wrong', 'GET', '/v1/assets', undefined, 'wrong-token-0123456789')
    await call('mcp-refused', 'POST', '/mcp', { jsonrpc: '2.0', nonsense: true })
    await call('ticket', 'POST', '/v1/stream-tickets')
    const { token } = await call('create-token', 'POST', '/v1/tokens', { name: 'agent', permission: ['track:read'] })
    await call('used', 'GET', '/v1/assets', undefined, String(token))

    const blocked = await runImport('import-blocked', { url: 'http://10.1.2.4/x.png' })
    const picture = civitai.serve('picture.png', aPng({ text: { parameters: 'a cat\nSteps: 1, Model: gone' } }))
    const tracked = await runImport('import-tracked', { url: picture, track: true })

    const all = lines()
    const of = (about: Partial<Record<'request_id' | 'job_id', string>>): string[] =>
      all.filter((line) => Object.entries(about).every(([name, id]) => line[name] === id)).map(({ msg }) => msg)
    expect(of({ request_id: 'asked-again' })).toEqual(['fetched', 'asking Civitai again', 'fetched', 'request'])
    expect(of({ request_id: 'junk' })).toContain('left out an image without id or URL')
    for (const request_id of ['private', 'unlisted']) {
      expect(of({ request_id })).toEqual(['refused to fetch', 'could not fetch', 'request'])
    }
    expect(of({ request_id: 'wrong' })).toEqual(['request'])
    expect(of({ request_id: 'mcp-refused' })).toEqual(['MCP request refused', 'request'])
    expect(of({ job_id: blocked })).toEqual([
      'A job begins',
      'refused to fetch',
      'could not fetch',
      'A job failed',
      'job',
    ])
    // What a job has the ledger do belongs to the job as well.
    const fetches = all.filter(({ msg, job_id }) => msg === 'fetched' && job_id === tracked)
    // The picture, for the import and for the ledger, and Civitai, about its model.
    expect(fetches).toHaveLength(3)
    expect(of({ job_id: tracked })).toEqual(['A job begins', ...fetches.map(({ msg }) => msg), 'job'])

    const nameless = all.filter((line) => line.request_id === undefined && line.job_id === undefined)
    expect(nameless).toEqual([])
  })

  test('and none tells a secret', async () => {
    const { secret } = JSON.parse(readFileSync(join(executable.data, 'serve.json'), 'utf8')) as { secret: string }
    const { ticket } = await call('ticket-2', 'POST', '/v1/stream-tickets')
    for await (const _ of readSse(
      `${server.url}/v1/prompts/import/${await runImport('x', { payload: 'a' })}/events?ticket=${ticket}`,
    )) {
      // To its end.
    }
    await fetch(`${server.url}/v1/assets?token=${ADMIN}`)
    await executable.run(['list-assets'])
    const { token } = await call('another', 'POST', '/v1/tokens', { name: 'other', permission: ['track:read'] })
    await call('revoke', 'DELETE', '/v1/tokens/other')
    await call('late', 'GET', '/v1/assets', undefined, String(token))
    const written = server.stderr()
    expect(written).toContain('"request_id":"late"')
    for (const hidden of [ADMIN, CIVITAI_KEY, secret, String(ticket), String(token), 'wrong-token', 'query-secret']) {
      expect(written).not.toContain(hidden)
    }
  })

  test('a stop leaves nothing nameless but what tells of it', async () => {
    const before = lines().length
    expect(await server.stop()).toBe(0)
    const added = lines().slice(before)
    expect(added.filter((line) => line.request_id === undefined && line.job_id === undefined)).toEqual([])
  })
})
