import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { anMp4, aPng } from '../support/build.ts'
import type { FakeImage } from '../support/fake-images.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor, openTrack, type Track } from '../support/track.ts'

let track: Track
let number = 8_000
let post = ''
let images: FakeImage[] = []
let paths: string[] = []
beforeAll(async () => {
  track = await openTrack()
})
afterAll(() => track.close())

/** A post of three media, and a file on disk for each of the last two and one that is not in it. */
beforeEach(() => {
  track.civitai.misbehave(undefined)
  number += 1
  post = String(number)
  images = track.civitai.addPost(post, [{}, {}, { type: 'video', bytes: anMp4() }])
  paths = [images[1]?.bytes, images[2]?.bytes, aPng()].map((bytes, index) => {
    const path = join(track.dir, `${post}-${index}.bin`)
    writeFileSync(path, bytes ?? '')
    return path
  })
})

const match = (input: object, call = {}) => track.invoke('match_post_media', { civitai_post_id: post, ...input }, call)
const imageId = (index: number): string => String(images[index]?.id)
const linkOf = (index: number): string => `https://civitai.com/images/${imageId(index)}`
const record = (index: number, more: object = {}): Promise<JsonObject> =>
  track.invoke('create_asset', {
    asset_url: paths[index],
    asset_type: index === 1 ? 'video' : 'image',
    asset_source: 'generated',
    ...more,
  })
const shown = async (asset: JsonObject): Promise<unknown> =>
  (await track.invoke('find_asset', { asset_id: asset['asset_id'] }))['asset']

describe('match_post_media', () => {
  test('pairs files with images by their bytes', async () => {
    const asset = await record(0)
    expect(await match({ paths })).toEqual({
      matches: [
        {
          path: paths[0] ?? '',
          asset_id: asset['asset_id'] ?? '',
          sha256sum: asset['sha256sum'] ?? '',
          civitai_image_id: imageId(1),
          civitai_url: linkOf(1),
          applied: false,
        },
        {
          path: paths[1] ?? '',
          sha256sum: expect.stringMatching(/^[0-9a-f]{64}$/),
          civitai_image_id: imageId(2),
          civitai_url: linkOf(2),
          applied: false,
        },
      ],
      unmatched: [{ path: paths[2] ?? '', sha256sum: expect.any(String) }],
      unmatched_images: [{ civitai_image_id: imageId(0), civitai_url: linkOf(0) }],
      failed: [],
    })
    expect(await shown(asset)).toMatchObject({ civitai_id: null })
  })

  test('asks for the original, not the preview that the answer names', async () => {
    track.civitai.misbehave({ kind: 'odd', previews: true })
    expect(await match({ paths })).toMatchObject({
      matches: [{ civitai_image_id: imageId(1) }, { civitai_image_id: imageId(2) }],
    })
  })

  test('applied, it fills number and address of the assets, and says what it left', async () => {
    const asset = await record(0)
    track.clock.advance(1_000)
    const { matches } = await match({ paths, apply: true }, { actor: aTokenActor('bot-7', 'track:write') })
    expect(matches).toMatchObject([
      { applied: true },
      { applied: false, reason: expect.stringContaining('create_asset') },
    ])
    const after = await shown(asset)
    expect(after).toMatchObject({ civitai_id: imageId(1), civitai_url: linkOf(1), updated_by: 'bot-7' })
    const { items } = await track.invoke('list_events', { table: 'assets', row_id: asset['asset_id'] })
    expect(items).toMatchObject([
      { op: 'match_post_media', before: { civitai_id: null }, after: { civitai_id: imageId(1) } },
      { op: 'create_asset' },
    ])
    // Once more: nothing to do.
    expect((await match({ paths: paths.slice(0, 1), apply: true }))['matches']).toMatchObject([{ applied: true }])
    expect((await track.invoke('list_events', { table: 'assets', row_id: asset['asset_id'] }))['count']).toBe(2)
  })

  test('by assets, whose files may be gone', async () => {
    const [one, two] = [await record(0), await record(2)]
    const asset_ids = [one['asset_id'], two['asset_id'], one['asset_id']]
    const { matches, unmatched } = await match({ asset_ids, apply: true })
    expect(matches).toMatchObject([{ asset_id: one['asset_id'], path: paths[0], applied: true }])
    expect(unmatched).toMatchObject([{ asset_id: two['asset_id'], path: paths[2] }])
  })

  test('what another number stands in the way of is left alone', async () => {
    const taken = await record(0, { civitai_id: '424242' })
    const second = await record(1)
    await record(2, { civitai_id: imageId(2) })
    const { matches } = await match({ paths, apply: true })
    expect(matches).toMatchObject([
      { applied: false, reason: expect.stringContaining('424242') },
      { applied: false, reason: expect.stringContaining(imageId(2)) },
    ])
    expect(await shown(taken)).toMatchObject({ civitai_id: '424242' })
    expect(await shown(second)).toMatchObject({ civitai_id: null })
  })

  test('an image that cannot be fetched is told, not passed over', async () => {
    track.civitai.misbehave({ kind: 'odd', internal: true })
    const actor = aTokenActor('bot-7', 'track:write')
    const offline = match({ paths: paths.slice(0, 1) }, { actor })
    // The media host of the real site is not on the list of this caller.
    expect(await offline).toMatchObject({ matches: [], unmatched: [{ path: paths[0] }], failed: [{}, {}, {}] })
  })

  test.each<[object, object]>([
    [{}, { code: 'invalid_input', message: 'match_post_media needs either paths or asset_ids' }],
    [{ paths: ['/a'], asset_ids: ['1'] }, { code: 'invalid_input' }],
    [{ paths: [] }, { code: 'invalid_input' }],
    [{ asset_ids: [1] }, { code: 'invalid_input', message: 'asset_ids must be a valid integer ID' }],
    [{ asset_ids: ['99999'] }, { code: 'not_found', message: 'Record not found' }],
    [{ paths: ['/there/is/no/such/file'] }, { code: 'not_found' }],
    [{ paths: ['relative'] }, { code: 'invalid_input' }],
  ])('%p', async (input, error) => {
    expect(await rejection(match(input))).toMatchObject(error)
  })

  test('a caller with a token hashes files below the roots alone', async () => {
    const actor = aTokenActor('bot-7', 'track:write')
    expect(await rejection(match({ paths: ['/etc/hostname'] }, { actor }))).toMatchObject({ code: 'forbidden' })
  })
})
