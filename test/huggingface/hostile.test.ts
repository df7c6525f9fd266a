import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHuggingFace } from '../../src/huggingface/client.ts'
import { createHuggingFaceFileSource } from '../../src/huggingface/file-source.ts'
import { silentLog } from '../../src/lib/log.ts'
import { fakeFetch } from '../support/civitai-client.ts'
import { badEnd, HOSTILE_ANSWERS, json, oddVariants } from '../support/hostile-answers.ts'
import { type Answer, type RawServer, startRawServer } from '../support/raw-server.ts'

let server: RawServer
let answer: Answer = ''
beforeAll(async () => {
  server = await startRawServer(() => answer)
})
afterAll(() => server.close())

const { signal } = new AbortController()
const call = { signal, token: 'hf_secret' }
const where = { repo: 'acme/harbor', revision: 'refs/pr/1', path: 'a/b.safetensors' }

function calls(): Readonly<Record<string, () => Promise<unknown>>> {
  const sleep = async (): Promise<void> => {}
  const baseUrl = `http://127.0.0.1:${server.port}`
  const hub = createHuggingFace({ fetch: fakeFetch, log: silentLog, baseUrl, sleep })
  return {
    file: () => hub.getFile(where, call),
    repo: () => hub.getRepo(where.repo, call),
    list: () => hub.listFiles(where, call),
    find: () => hub.findFile(where, { names: ['b'], isModel: () => true }, call),
    source: () => createHuggingFaceFileSource(hub, { ...where, token: call.token }).open(signal),
  }
}

async function badEnds(): Promise<readonly string[]> {
  const ends: string[] = []
  for (const [name, ask] of Object.entries(calls())) {
    const end = await badEnd(ask)
    if (end !== undefined) ends.push(`${name}: ${end}`)
  }
  return ends
}

describe('whatever answers, a call ends with an answer or an error of ours', () => {
  test.each(HOSTILE_ANSWERS)('%s', async (_, hostile) => {
    answer = hostile
    expect(await badEnds()).toEqual([])
  })

  test.each([
    ['x-linked-etag', '"\u00ff"'],
    ['x-linked-etag', `"${'a'.repeat(40)}"`],
    ['x-linked-etag', `"${'A'.repeat(64)}"`],
    ['x-linked-etag', '"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"'],
    ['x-linked-etag', 'x'.repeat(30_000)],
    ['x-linked-size', '-5'],
    ['x-linked-size', 'NaN'],
    ['x-linked-size', '1e30'],
    ['x-linked-size', '9'.repeat(400)],
    ['x-repo-commit', '../../x'],
    ['etag', 'W/"'],
    ['link', `${'<'.repeat(20_000)}>; rel="next"`],
  ])('a header %s of %s', async (name, value) => {
    answer = `HTTP/1.1 200 OK\r\n${name}: ${value}\r\ncontent-length: 2\r\n\r\n[]`
    expect(await badEnds()).toEqual([])
    const hub = createHuggingFace({ fetch: fakeFetch, log: silentLog, baseUrl: `http://127.0.0.1:${server.port}` })
    const { sizeBytes = 0, sha256 } = await hub.getFile(where, call)
    expect(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0).toBe(true)
    expect(sha256).toBe(value.includes('A') ? ('a'.repeat(64) as typeof sha256) : undefined)
  })
})

describe('whatever stands in a field', () => {
  const repo = {
    id: 'acme/harbor',
    sha: '1'.repeat(40),
    gated: 'manual',
    disabled: false,
    tags: ['license:mit'],
    cardData: { license: 'other', license_name: 'x' },
    siblings: [{ rfilename: 'a' }],
  }
  const entry = { type: 'file', path: 'a', size: 5, oid: '3'.repeat(40), lfs: { oid: 'a'.repeat(64), size: 5 } }

  test('of a repository', async () => {
    const { repo: ask } = calls()
    const ends = new Set<string | undefined>()
    for (const odd of oddVariants(repo)) {
      answer = json(JSON.stringify(odd) ?? '')
      ends.add(await badEnd(async () => ask?.()))
    }
    expect([...ends]).toEqual([undefined])
  })

  test('of a list of files', async () => {
    const hub = createHuggingFace({ fetch: fakeFetch, log: silentLog, baseUrl: `http://127.0.0.1:${server.port}` })
    answer = json(JSON.stringify([...oddVariants(entry)]))
    for (const { path, sizeBytes, sha256 = 'a'.repeat(64) } of await hub.listFiles(where, call)) {
      expect(path).not.toMatch(/(?:^|\/)\.{0,2}(?:\/|$)|[\p{Cc}\\]/u)
      expect(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0).toBe(true)
      expect(sha256).toMatch(/^[0-9a-f]{64}$/)
    }
  })
})
