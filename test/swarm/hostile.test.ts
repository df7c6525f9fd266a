import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createSwarmClient, downloadPath } from '../../src/swarm/client.ts'
import { readModels } from '../../src/swarm/wire.ts'
import { fakeFetch } from '../support/civitai-client.ts'
import { badEnd, HOSTILE_ANSWERS, json, oddVariants } from '../support/hostile-answers.ts'
import { type Answer, type RawServer, startRawServer } from '../support/raw-server.ts'

let server: RawServer
let answer: Answer = ''
let hasSession = false
beforeAll(async () => {
  server = await startRawServer(({ path }) =>
    hasSession && path.endsWith('Session') ? json('{"session_id":"x"}') : answer,
  )
})
afterAll(() => server.close())

const ask = { signal: new AbortController().signal, headersTimeoutMs: 5_000 }

describe('whatever answers, a call ends with an answer or an error of ours', () => {
  test.each(HOSTILE_ANSWERS)('%s', async (_, hostile) => {
    answer = hostile
    const ends = new Set<string | undefined>()
    for (hasSession of [false, true]) {
      const origin = `127.0.0.1:${server.port}`
      const client = createSwarmClient({ fetch: fakeFetch, host: { url: `http://${origin}`, origin, headers: {} } })
      ends.add(await badEnd(() => client.greet(ask)))
      ends.add(await badEnd(() => client.getManifest('LoRA', ask)))
      ends.add(await badEnd(() => client.listModels('LoRA', ask)))
    }
    expect([...ends]).toEqual([undefined])
  })
})

test('whatever stands in a field: names that lead nowhere else, digests and sizes that are some', async () => {
  const model = {
    name: 'a/b.safetensors',
    filename: 'b.safetensors',
    title: 'x',
    size: 5,
    sha256: `0x${'a'.repeat(64)}`,
    hash: 'b'.repeat(64),
    file_sha256: 'c'.repeat(64),
    license: 'mit',
    download_url: '/DownloadModel/LoRA/a/b',
    metadata: { license: 'mit' },
  }
  const models = (await readModels({ models: [...oddVariants(model)] }, 'models')) ?? []
  expect(models.length).toBeGreaterThan(100)
  for (const { name, filename, sizeBytes = 0, tensorSha256, fileSha256, identifier = filename } of models) {
    expect(name).not.toMatch(/(?:^|\/)\.{0,2}(?:\/|$)|[\p{Cc}\\]/u)
    expect(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0).toBe(true)
    for (const digest of [tensorSha256, fileSha256]) expect(digest ?? 'a'.repeat(64)).toMatch(/^[0-9a-f]{64}$/)
    const path = downloadPath('LoRA', identifier, filename)
    expect(new URL(path, 'http://box').pathname).toBe(path)
  }
})
