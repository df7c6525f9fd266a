import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { aPng } from '../support/build.ts'
import { type Executable, installExecutable, type Server } from '../support/executable.ts'
import { checkClient, generateClient, lintOpenApi, loadClient } from '../support/openapi-tools.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'
import type { Thrown, TrackingClient } from '../support/tracking-client.ts'

const folder = tempDir()
let executable: Executable
let server: Server
let document: JsonObject
beforeAll(async () => {
  executable = installExecutable()
  server = await executable.serve([], { env: { AIRKEEP_LOG: 'error' } })
  document = (await (await fetch(`${server.url}/openapi.json`)).json()) as JsonObject
})
afterAll(async () => {
  await executable.remove()
  folder[Symbol.dispose]()
})

describe("Redocly's linter", () => {
  test('finds nothing in /openapi.json', async () => {
    expect(await lintOpenApi(folder.path, document)).toEqual([])
  })

  test('would', async () => {
    const { servers: _, ...rest } = document
    expect(await lintOpenApi(folder.path, rest)).toEqual(['error no-empty-servers #/openapi Servers must be present.'])
  })
})

describe('a client that swagger-typescript-api makes of it', () => {
  let client: TrackingClient
  beforeAll(async () => {
    await generateClient(folder.path, document)
    client = await loadClient(folder.path, server.url)
  }, 60_000)

  test('passes the type checker, and has the methods and fields that the tests use', async () => {
    expect(await checkClient(folder.path)).toBe('')
  })

  const refused = async (call: Promise<unknown>): Promise<Thrown> => (await rejection(call)) as unknown as Thrown

  test('does one round of tracking', async () => {
    const picture = join(folder.path, 'lighthouse.png')
    writeFileSync(picture, aPng())
    const prompt = await client.createPrompt({ prompt_text: 'A lighthouse at dawn', metadata: { seed: 7 } })
    expect(prompt.status).toBe(201)
    const { prompt_id } = prompt.data
    const media = { asset_url: picture, asset_type: 'image', asset_source: 'generated' } as const
    const asset = await client.createAsset({ ...media, input_prompt_id: prompt_id })
    const { asset_id, sha256sum, input_prompt_id } = asset.data
    expect(input_prompt_id).toBe(prompt_id)
    const post = await client.createCivitaiPost({ civitai_url: 'https://civitai.com/posts/23602354', title: 'Dawn' })
    expect(post.data.civitai_id).toBe('23602354')
    const linked = await client.updateAsset(asset_id, { post_id: post.data.post_id })
    expect(linked.data.post_id).toBe(post.data.post_id)

    const found = await client.findAsset({ sha256sum })
    expect(found.data).toMatchObject({ found: true, asset: { asset_id } })
    expect((await client.findAsset({ sha256sum: '0'.repeat(64) })).data).toEqual({ found: false })
    const { data } = await client.listCivitaiPosts({ civitai_id: '23602354', include_details: true, limit: 5 })
    expect(data).toMatchObject({
      count: 1,
      posts: [
        {
          title: 'Dawn',
          assets: [{ asset_id, input_prompt: { prompt_text: 'A lighthouse at dawn', metadata: { seed: 7 } } }],
        },
      ],
    })

    const again = await refused(client.createAsset(media))
    expect(again.status).toBe(409)
    expect(again.error).toMatchObject({ code: 'conflict', existing: { asset_id } })
  })

  test('gets a problem with what to do about it', async () => {
    const missing = await refused(client.getPrompt('999'))
    expect([missing.status, missing.error.code, missing.error.detail]).toEqual([404, 'not_found', 'Record not found'])
    expect(missing.error.hint).toContain('create_prompt')
    const wrong = await refused(client.getPrompt('x'))
    expect(wrong.error).toMatchObject({ code: 'invalid_input', errors: [{ path: 'prompt_id' }] })
    expect(wrong.status).toBe(400)
  })
})
