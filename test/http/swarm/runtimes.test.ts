import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'
import { ask } from '../files/ask.ts'
import { sha256Of, someBytes, writeModel } from '../files/model-on-disk.ts'
import { runtimes } from '../runtimes.ts'
import type { World } from '../world.ts'
import { createSwarmClient } from './swarm-client.ts'
import { safetensors, tensorDigest } from './swarm-host.ts'

const LARGE = safetensors(someBytes(9 * 2 ** 20 + 5, 3))
const NAMES = [
  'style/foo.gguf',
  '100%/a%2Fb?#c.gguf',
  'größe/漢字 😀 +&;.gguf',
  'back\\slash.gguf',
  'line\nbreak.gguf',
  '..a/...gguf',
]

describe.each(runtimes())('the dialect from %s', (_runtime, start) => {
  let dir: TempDir
  let t: World
  let url: string
  let port: number

  beforeAll(async () => {
    dir = tempDir()
    const models = NAMES.map((filename, at) =>
      writeModel(join(dir.path, `${at}`), someBytes(500 + at, at), { filename }),
    )
    models.push(
      writeModel(join(dir.path, 'large'), LARGE, {
        filename: 'large.safetensors',
        tensorSha256: tensorDigest(LARGE),
      }),
    )
    t = await start({ files: { models } })
    const listening = await t.listen()
    port = listening.port
    url = `http://127.0.0.1:${port}`
  })
  afterAll(async () => {
    await t[Symbol.asyncDispose]()
    dir[Symbol.dispose]()
  })

  test('sends what is listed, whatever it is called and however often the connection is lost', async () => {
    const client = createSwarmClient({ url, loseAfter: 5 * 2 ** 20 })
    const { models } = await client.manifest('LoRA')
    expect(models.map(({ name }) => name)).toEqual([...NAMES, 'large.safetensors'])
    for (const entry of models) expect(sha256Of(await client.download(entry))).toBe(entry.file_sha256)
    expect(client.requests).toBe(models.length + 1)
  })

  test.each([
    ['bytes=7-9', 206, 7, 10],
    ['bytes=-9', 206, LARGE.length - 9, LARGE.length],
    ['bytes=5-', 206, 5, LARGE.length],
    [`bytes=${LARGE.length}-`, 416, 0, 0],
  ])('sends %s', async (range, status, first, end) => {
    const path = `/DownloadModel/LoRA/0x${tensorDigest(LARGE)}/large.safetensors`
    const reply = await ask(port, path, { headers: { range } })
    expect([reply.status, reply.complete]).toEqual([status, true])
    if (status === 206) {
      expect(reply.body.equals(LARGE.subarray(first, end))).toBe(true)
      expect(reply.headers['x-model-sha256']).toBe(`0x${tensorDigest(LARGE)}`)
    }
  })

  test('tells of a file without sending it, and nothing of tensors that it has not', async () => {
    const { status, headers } = await ask(port, '/DownloadModel/LoRA/style%2Ffoo.gguf/foo.gguf', { method: 'HEAD' })
    expect([status, headers['content-length'], headers['x-model-sha256']]).toEqual([200, '500', undefined])
  })

  test('refuses in its own words', async () => {
    const reply = await ask(port, '/DownloadModel/LoRA/%zz/x')
    expect([reply.status, JSON.parse(reply.body.toString())]).toMatchObject([400, { error_id: 'invalid_format' }])
  })
})
