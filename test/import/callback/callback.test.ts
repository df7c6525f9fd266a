import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { summaryOf } from '../../../src/import/callback/summary.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { aModelFile } from '../../support/model-files.ts'
import { rejection } from '../../support/rejection.ts'
import { LEAF, SELF_SIGNED, TEST_CA } from '../../support/tls-identity.ts'
import { aTokenActor } from '../../support/track.ts'
import { type ImportHost, type ImportHostOptions, loads, openImports } from '../import-host.ts'

const SECRET = 'a-secret-of-the-owner'

interface Received {
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

let server: Server
let url: string
let received: Received[]
/** What each request is answered with, the last for all others. */
let statuses: number[]
let host: ImportHost | undefined

beforeEach(async () => {
  received = []
  statuses = [204]
  server = createServer(LEAF, (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      received.push({ body, headers: request.headers })
      const status = (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 204
      response.writeHead(status, status >= 300 && status < 400 ? { location: `${url}/elsewhere` } : {}).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=k3y`
})
afterEach(async () => {
  await host?.close()
  host = undefined
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const open = async (options: ImportHostOptions = {}): Promise<ImportHost> => {
  host = await openImports({ ca: TEST_CA, env: { AIRKEEP_WEBHOOK_SECRET: SECRET }, ...options })
  return host
}

const callbacks = async ({ store }: ImportHost) => (await store.list({ kinds: ['callback'] }, 100, 0)).toReversed()

test('the end of an import is told, signed, without its prompt, names or paths', async () => {
  const here = await open()
  aModelFile(here.models, 'loras/ink.safetensors', 1)
  const graph = {
    ...JSON.parse(loads('ink.safetensors')),
    '2': { class_type: 'VAELoader', inputs: { vae_name: 'b.pt' } },
  }
  const { job_id } = await here.run({ payload: graph, callback_url: url })
  const [told] = received
  expect(received).toHaveLength(1)
  expect(JSON.parse(told?.body ?? '')).toEqual({
    job_id,
    status: 'partially_completed',
    dependencies: { resolved: 1, missing: 1 },
    reason_codes: {},
  })
  const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(told?.headers['airkeep-signature'])) ?? []
  expect(seconds).toBe(String(here.clock.now() / 1000))
  expect(signature).toBe(createHmac('sha256', SECRET).update(`${seconds}.${told?.body}`).digest('hex'))
  expect(told?.headers['content-type']).toBe('application/json')
  const [row] = await callbacks(here)
  expect(row).toMatchObject({ view: { status: 'delivered', import_job_id: String(job_id), attempts: 1 } })
  expect(told?.headers['airkeep-delivery']).toBe(String(row?.id))
})

test('an import that fails, is cancelled or runs again is told of each time', async () => {
  const here = await open()
  const failed = await here.run({ payload: '{}', callback_url: url })
  await here.invoke('retry_import_job', { job_id: String(failed.job_id) })
  await here.jobs.whenIdle()
  await here.jobs.stop()
  const waiting = await here.invoke('import_prompt', { payload: loads('a.safetensors'), callback_url: url })
  await here.invoke('cancel_import_job', { job_id: String(waiting.job_id) })
  await here.jobs.start()
  await here.jobs.whenIdle()
  const told = received.map(({ body }) => JSON.parse(body) as JsonObject)
  expect(told.map(({ job_id, status, error_code }) => [job_id, status, error_code])).toEqual([
    [String(failed.job_id), 'failed', 'not_found'],
    [String(failed.job_id), 'failed', 'not_found'],
    [String(waiting.job_id), 'cancelled', 'cancelled'],
  ])
})

describe('an address that does not take it', () => {
  test.each<[what: string, answers: number[], requests: number, status: string]>([
    ['is asked again', [503, 429, 200], 3, 'delivered'],
    ['is asked a few times and no more', [500], 3, 'failed'],
    ['because it redirects is not followed', [302], 1, 'failed'],
    ['because it knows no such thing is left alone', [410], 1, 'failed'],
  ])('%s', async (_, answers, requests, status) => {
    statuses = [...answers]
    const here = await open()
    await here.run({ payload: loads('a.safetensors'), callback_url: url })
    expect(received).toHaveLength(requests)
    expect(new Set(received.map(({ headers }) => headers['airkeep-delivery'])).size).toBe(1)
    const [row] = await callbacks(here)
    expect(row?.view).toMatchObject({ status, attempts: requests })
    expect(JSON.stringify(row?.view)).not.toContain('k3y')
  })

  test('does not hold up the import, and after a restart is asked for the rest', async () => {
    statuses = [503, 200]
    const here = await open({ waitsMs: [3_600_000, 0] })
    const { job_id } = await here.invoke('import_prompt', { payload: loads('a.safetensors'), callback_url: url })
    // The sender tells nobody when it has stored an attempt.
    while (received.length === 0) await Bun.sleep(1)
    while ((await callbacks(here))[0]?.view.attempts !== 1) await Bun.sleep(1)
    expect(await here.invoke('get_import_job', { job_id: String(job_id) })).toMatchObject({
      status: 'partially_completed',
    })
    await here.jobs.stop()
    await here.jobs.start()
    await here.jobs.whenIdle()
    expect((await callbacks(here))[0]?.view).toMatchObject({ status: 'delivered', attempts: 2 })
  })

  test('because its certificate is not to be trusted gets nothing', async () => {
    const here = await open({ ca: SELF_SIGNED.cert, waitsMs: [] })
    await here.run({ payload: loads('a.safetensors'), callback_url: url })
    expect(received).toEqual([])
    expect((await callbacks(here))[0]?.view).toMatchObject({
      status: 'failed',
      error: 'The address could not be reached',
    })
  })
})

describe('a callback is refused before there is a job', () => {
  const agent = aTokenActor('agent', 'models:download', 'models:read')

  test.each<[what: string, address: string, env: Record<string, string>, code: string]>([
    ['without a secret to sign with', 'https://localhost/hook', {}, 'invalid_input'],
    ['over http', 'http://localhost/hook', { AIRKEEP_WEBHOOK_SECRET: SECRET }, 'invalid_input'],
    ['to what is no address', 'localhost', { AIRKEEP_WEBHOOK_SECRET: SECRET }, 'invalid_input'],
    ['with a password', 'https://me:pass@localhost/hook', { AIRKEEP_WEBHOOK_SECRET: SECRET }, 'forbidden'],
    ['to a host that is not listed', 'https://localhost/hook', { AIRKEEP_WEBHOOK_SECRET: SECRET }, 'forbidden'],
  ])('%s', async (_, address, env, code) => {
    const here = await open({ env, hosts: ['hooks.example.org'] })
    for (const input of [
      { payload: 'x', callback_url: address },
      { payload: 'x', callback_url: address, dry_run: true },
    ]) {
      expect(await rejection(here.invoke('import_prompt', input, agent))).toMatchObject({ code })
      expect(await rejection(here.invoke('import_prompts', { items: [input] }, agent))).toMatchObject({ code })
    }
    expect(await here.invoke('list_import_jobs', {})).toMatchObject({ count: 0 })
  })
})

test('callbacks are no imports, and their addresses are in no event', async () => {
  const here = await open()
  await here.run({ payload: loads('a.safetensors'), callback_url: url })
  expect(await here.invoke('list_import_jobs', {})).toMatchObject({ count: 1 })
  const [row] = await callbacks(here)
  const error = await rejection(here.invoke('get_import_job', { job_id: String(row?.id) }))
  expect(error).toMatchObject({ code: 'not_found' })
  expect(JSON.stringify(await here.events.replay(0, {}, 1000))).not.toContain('k3y')
})

test('a summary counts what the dependencies are and why they are blocked', () => {
  const view: JsonObject = {
    status: 'partially_completed',
    dependencies: [
      { status: 'blocked', reason_code: 'terms', name: 'a', resolved_path: '/p' },
      { status: 'blocked', reason_code: 'size' },
      { status: 'blocked', reason_code: 'terms' },
      { status: 'resolved', reason_code: null },
    ],
  }
  expect(summaryOf({ id: 'imp_1', view })).toEqual({
    job_id: 'imp_1',
    status: 'partially_completed',
    dependencies: { blocked: 3, resolved: 1 },
    reason_codes: { terms: 2, size: 1 },
  })
})
