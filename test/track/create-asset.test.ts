import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { MediaContent } from '../../src/track/media-record.ts'
import { anMp4, aPng } from '../support/build.ts'
import { pour, startRawServer } from '../support/raw-server.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

let track: Track
let seen: MediaContent[] = []
let broken = false
beforeAll(async () => {
  track = await openTrack(() => ({
    readMediaRecord: async (media) => {
      seen.push(media)
      if (broken) throw new Error('odd metadata')
      return {
        models: [
          { type: 'checkpoint', name: 'northwindXL_v2', auto_v2: '253b25f670' },
          { name: 'harbor_lights', weight: 0.8, clip_weight: 0.5 },
        ],
      }
    },
  }))
})
afterAll(() => track.close())

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
let files = 0
function aFile(bytes: Uint8Array = aPng()): string {
  files += 1
  const path = join(track.dir, `file-${files}.bin`)
  writeFileSync(path, bytes)
  return path
}
const anImage = (asset_url: string, more: object = {}): object => ({
  asset_url,
  asset_type: 'image',
  asset_source: 'generated',
  ...more,
})
const create = (input: object, call = {}) => track.invoke('create_asset', input, call)
const count = async (): Promise<unknown> => (await track.invoke('list_assets', {}))['count']

describe('what is recorded', () => {
  test('every field', async () => {
    const bytes = aPng()
    const path = aFile(bytes)
    const { prompt_id } = await track.invoke('create_prompt', { prompt_text: 'in' })
    const { prompt_id: output_prompt_id } = await track.invoke('create_prompt', { prompt_text: 'out' })
    const { post_id } = await track.invoke('create_civitai_post', { civitai_url: 'https://civitai.com/posts/1' })
    const { asset_id: input } = await create(anImage(aFile()))
    const asset = await create(
      anImage(path, {
        input_prompt_id: prompt_id,
        output_prompt_id,
        post_id,
        input_asset_ids: [input],
        civitai_image_id: '5001',
        civitai_url: 'https://civitai.com/images/5001',
        metadata: { tags: ['a'] },
        on_behalf_of: 'night_ferry',
      }),
    )
    expect(asset).toEqual({
      asset_id: expect.stringMatching(/^[1-9]\d*$/),
      asset_url: path,
      asset_type: 'image',
      asset_source: 'generated',
      sha256sum: sha256(bytes),
      size_bytes: bytes.length,
      mime_type: 'image/png',
      input_prompt_id: prompt_id ?? null,
      output_prompt_id: output_prompt_id ?? null,
      post_id: post_id ?? null,
      input_asset_ids: [input ?? null],
      civitai_id: '5001',
      civitai_url: 'https://civitai.com/images/5001',
      metadata: { tags: ['a'] },
      models: [
        expect.objectContaining({ type: 'checkpoint', name: 'northwindXL_v2', auto_v2: '253b25f670', weight: null }),
        expect.objectContaining({
          type: 'other',
          name: 'harbor_lights',
          weight: 0.8,
          unet_weight: null,
          clip_weight: 0.5,
          sha256: null,
        }),
      ],
      created_by: 'local',
      updated_by: 'local',
      on_behalf_of: 'night_ferry',
      created_at: '2026-08-01T12:00:00.000Z',
      updated_at: '2026-08-01T12:00:00.000Z',
    })
    expect(await track.invoke('find_asset', { asset_id: asset['asset_id'] })).toMatchObject({
      found: true,
      asset: { ...asset, input_prompt: { prompt_text: 'in' }, output_prompt: { prompt_text: 'out' } },
    })
  })

  test.each([
    ['a local path', (path: string) => path],
    ['a file URL', (path: string) => pathToFileURL(path).href],
  ])('%s', async (_, toUrl) => {
    const bytes = aPng()
    const asset_url = toUrl(aFile(bytes))
    expect(await create(anImage(asset_url))).toMatchObject({ asset_url, sha256sum: sha256(bytes) })
  })

  test('a URL, a video, an address that gives the number', async () => {
    const bytes = anMp4()
    const asset_url = `${track.civitai.serve('a.mp4', bytes)}?width=full#t=1`
    const input = { asset_url, asset_type: 'video', asset_source: 'upload' }
    expect(await create({ ...input, civitai_url: 'https://civitai.red/images/5002?a=b' })).toMatchObject({
      asset_url,
      asset_type: 'video',
      sha256sum: sha256(bytes),
      civitai_id: '5002',
      civitai_url: 'https://civitai.red/images/5002?a=b',
    })
  })

  test('models only where they are asked for, of fetched media too', async () => {
    seen = []
    expect((await create(anImage(aFile(), { extract: false })))['models']).toEqual([])
    expect(seen).toEqual([])
    const bytes = aPng()
    await create(anImage(track.civitai.serve('held.png', bytes)))
    expect(seen).toEqual([{ bytes: Buffer.from(bytes) }])
  })

  test('media with metadata that cannot be read', async () => {
    broken = true
    expect((await create(anImage(aFile())))['models']).toEqual([])
    broken = false
  })

  test('with progress in bytes', async () => {
    const reports: { done: number; total?: number }[] = []
    const bytes = anMp4({ sizeBytes: 3 * 2 ** 20 })
    const input = { asset_url: track.civitai.serve('progress.mp4', bytes), asset_type: 'video', asset_source: 'upload' }
    await create(input, { progress: (report: { done: number; total?: number }) => reports.push(report) })
    expect(reports.length).toBeGreaterThan(1)
    expect(reports.at(-1)).toMatchObject({ done: bytes.length, total: bytes.length, unit: 'bytes' })
  })
})

describe('the same again', () => {
  test('the same bytes under another name and address', async () => {
    const bytes = aPng()
    const { asset_id } = await create(anImage(aFile(bytes)))
    const again = create(anImage(track.civitai.serve('again.png', bytes)))
    expect(await rejection(again)).toMatchObject({
      code: 'conflict',
      existing: { asset_id },
      hint: expect.stringContaining('update_asset'),
    })
  })

  test('the same civitai_id, before anything is fetched', async () => {
    const { asset_id } = await create(anImage(aFile(), { civitai_id: '5003' }))
    const url = track.civitai.serve('never.png', aPng())
    const asked = track.civitai.mediaRequests.length
    expect(await rejection(create(anImage(url, { civitai_image_id: '5003' })))).toMatchObject({
      code: 'conflict',
      existing: { asset_id },
    })
    expect(track.civitai.mediaRequests.length).toBe(asked)
  })

  test('twenty at once are one row', async () => {
    const before = Number(await count())
    const url = track.civitai.serve('twenty.png', aPng())
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => create(anImage(url))))
    const made = results.filter((result) => result.status === 'fulfilled')
    expect(made.length).toBe(1)
    for (const result of results) {
      if (result.status === 'fulfilled') continue
      expect(result.reason).toMatchObject({ code: 'conflict', existing: { asset_id: made[0]?.value['asset_id'] } })
    }
    expect(await count()).toBe(before + 1)
  })
})

describe('what is refused, leaving nothing behind', () => {
  const anHtmlPage = Buffer.from('<!DOCTYPE html><html><body>Sign in to continue</body></html>')
  const cases: readonly (readonly [string, () => object, object])[] = [
    [
      'a video as an image',
      () => anImage(aFile(anMp4())),
      {
        code: 'invalid_input',
        message: expect.stringMatching(/must be an image, as asset_type says, but it is an? \w+ video/),
        hint: 'Set asset_type to video',
      },
    ],
    [
      'an image as a video',
      () => ({ ...anImage(aFile()), asset_type: 'video' }),
      {
        message: expect.stringContaining('must be a video, as asset_type says, but it is a PNG image'),
        hint: 'Set asset_type to image',
      },
    ],
    [
      'a page',
      () => anImage(track.civitai.serve('login.png', anHtmlPage)),
      { code: 'invalid_input', message: expect.stringContaining('HTML') },
    ],
    [
      'nothing',
      () => anImage(aFile(Buffer.alloc(0))),
      { code: 'invalid_input', message: expect.stringContaining('it is empty') },
    ],
    [
      'an empty answer',
      () => anImage(track.civitai.serve('empty.png', Buffer.alloc(0))),
      { code: 'invalid_input', message: expect.stringContaining('it is empty') },
    ],
    ['text', () => anImage(aFile(Buffer.from('just words'))), { code: 'invalid_input' }],
    ['a missing file', () => anImage(join(track.dir, 'missing.png')), { code: 'not_found' }],
    ['a folder', () => anImage(track.dir), { code: 'invalid_input' }],
    ['a device', () => anImage('/dev/zero'), { code: 'invalid_input' }],
    ['a relative path', () => anImage('picture.png'), { code: 'invalid_input' }],
    [
      's3 without an object',
      () => anImage('s3://bucket'),
      { code: 'invalid_input', message: expect.stringContaining('s3:// address') },
    ],
    ['another scheme', () => anImage('ftp://example.com/a.png'), { code: 'invalid_input' }],
    ['data in the address', () => anImage('data:image/png;base64,AAAA'), { code: 'invalid_input' }],
    [
      '404',
      () => anImage(`${track.civitai.url}/files/none.png`),
      { code: 'upstream_unavailable', message: expect.stringContaining('answered 404') },
    ],
    [
      '500',
      () => anImage(track.civitai.serve('500.png', aPng(), 500)),
      { code: 'upstream_unavailable', message: expect.stringContaining('answered 500') },
    ],
    ['a private address', () => anImage('http://169.254.169.254/latest/meta-data'), { code: 'forbidden' }],
    [
      'a prompt that does not exist',
      () => anImage(aFile(), { input_prompt_id: '999' }),
      {
        code: 'not_found',
        message: 'Record not found',
        hint: expect.stringContaining('input_prompt_id 999 names no prompt: call create_prompt'),
      },
    ],
    [
      'a caption that does not exist',
      () => anImage(aFile(), { output_prompt_id: '998' }),
      { code: 'not_found', hint: expect.stringContaining('output_prompt_id 998') },
    ],
    [
      'a post that does not exist',
      () => anImage(aFile(), { post_id: '23602354' }),
      { code: 'not_found', message: 'Record not found', hint: expect.stringContaining('create_civitai_post') },
    ],
    [
      'an input that does not exist',
      () => anImage(aFile(), { input_asset_ids: ['1', '997'] }),
      { code: 'not_found', hint: expect.stringContaining('997') },
    ],
    [
      'number and address that disagree',
      () => anImage(aFile(), { civitai_id: '1', civitai_url: 'https://civitai.com/images/2' }),
      { code: 'invalid_input', message: 'civitai_id and civitai_url must not disagree' },
    ],
    [
      'the address of a post',
      () => anImage(aFile(), { civitai_url: 'https://civitai.com/posts/2' }),
      { code: 'invalid_input', message: expect.stringContaining('must be the address of a Civitai image') },
    ],
    [
      'both names of one number, apart',
      () => anImage(aFile(), { civitai_id: '1', civitai_image_id: '2' }),
      { code: 'invalid_input' },
    ],
    [
      'an unknown type',
      () => ({ ...anImage(aFile()), asset_type: 'audio' }),
      { code: 'invalid_input', message: 'asset_type must be one of image, video' },
    ],
    [
      'an unknown source',
      () => ({ ...anImage(aFile()), asset_source: 'found' }),
      { code: 'invalid_input', message: 'asset_source must be one of generated, upload' },
    ],
  ]

  test.each(cases)('%s', async (_, input, error) => {
    const before = await count()
    expect(await rejection(create(input()))).toMatchObject(error)
    expect(await count()).toBe(before)
  })

  test('what is of the wrong kind is not read to its end', async () => {
    let poured = { sent: () => 0 }
    const server = await startRawServer(() => (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 10000000000\r\n\r\n')
      poured = pour(socket, Buffer.alloc(65_536, 'words without end '))
    })
    const asked = create(anImage(`http://127.0.0.1:${server.port}/endless.png`))
    expect(await rejection(asked)).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('plain text'),
    })
    await server.idle()
    expect(poured.sent()).toBeLessThan(64 * 2 ** 20)
    await server.close()
  })

  test('a body shorter than it said', async () => {
    const bytes = aPng()
    const server = await startRawServer(() => (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes.length + 10}\r\n\r\n`)
      socket.end(bytes)
    })
    const asked = create(anImage(`http://127.0.0.1:${server.port}/short.png`))
    expect(await rejection(asked)).toMatchObject({ code: 'upstream_unavailable' })
    await server.close()
  })

  test('cancelling in the middle', async () => {
    const stop = new AbortController()
    const server = await startRawServer(() => (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')
      socket.write(aPng(), () => stop.abort())
    })
    const asked = create(anImage(`http://127.0.0.1:${server.port}/slow.png`), { signal: stop.signal })
    expect(await rejection(asked)).toMatchObject({ code: 'cancelled' })
    await server.idle()
    await server.close()
  })
})

describe('a caller with a token', () => {
  const actor = aTokenActor('bot-7', 'track:write')
  test('names files below the roots and hosts of the list alone', async () => {
    expect(await create(anImage(aFile()), { actor })).toMatchObject({ created_by: 'bot-7' })
    expect(await rejection(create(anImage('/etc/hostname'), { actor }))).toMatchObject({ code: 'forbidden' })
    expect(await rejection(create(anImage('/etc/there-is-no-such-file'), { actor }))).toMatchObject({
      code: 'forbidden',
    })
    expect(await create(anImage(track.civitai.serve('allowed.png', aPng())), { actor })).toMatchObject({
      created_by: 'bot-7',
    })
    const server = await startRawServer(() => 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
    expect(await rejection(create(anImage(`http://127.0.0.1:${server.port}/`), { actor }))).toMatchObject({
      code: 'forbidden',
    })
    expect(server.connections()).toBe(0)
    await server.close()
  })

  test('needs track:write', async () => {
    const reader = aTokenActor('reader', 'track:read')
    expect(await rejection(create(anImage(aFile()), { actor: reader }))).toMatchObject({ code: 'forbidden' })
  })
})
