import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { silentLog } from '../../src/lib/log.ts'
import type { MediaRecord } from '../../src/track/media-record.ts'
import { anMp4 } from '../support/build.ts'
import { startRawServer } from '../support/raw-server.ts'
import { rejection } from '../support/rejection.ts'
import { openTrack, type Track } from '../support/track.ts'

/** More than is held in memory. */
const LARGE = 18 * 2 ** 20
const MODELS: MediaRecord = { models: [{ type: 'lora', name: 'harbor_lights' }] }
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const filesThere = (): string[] => readdirSync(track.tempDir)

let track: Track
let read: (path: string) => MediaRecord
let warnings: string[] = []
beforeAll(async () => {
  track = await openTrack(() => ({
    log: { ...silentLog, warn: (_, message) => warnings.push(message) },
    async readMediaRecord(media) {
      if (!('path' in media)) throw new Error('held')
      expect(media.exact).toBe(false)
      return read(media.path)
    },
  }))
})
afterAll(() => track.close())
beforeEach(() => {
  warnings = []
  read = () => MODELS
})

const aVideo = (asset_url: string, call = {}) =>
  track.invoke('create_asset', { asset_url, asset_type: 'video', asset_source: 'generated' }, call)

test('a large file behind an address is read from the disk, and leaves nothing there', async () => {
  const bytes = anMp4({ sizeBytes: LARGE })
  read = (path) => {
    expect(path).toStartWith(track.tempDir)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(sha256(readFileSync(path))).toBe(sha256(bytes))
    return MODELS
  }
  expect(await aVideo(track.civitai.serve('large.mp4', bytes))).toMatchObject({
    sha256sum: sha256(bytes),
    size_bytes: bytes.length,
    models: [{ name: 'harbor_lights' }],
  })
  expect(warnings).toEqual([])
  expect(filesThere()).toEqual([])
})

test('nor where its metadata cannot be read', async () => {
  read = (path) => {
    expect(existsSync(path)).toBe(true)
    throw new Error('odd')
  }
  expect(await aVideo(track.civitai.serve('odd.mp4', anMp4({ sizeBytes: LARGE })))).toMatchObject({ models: [] })
  expect(warnings).toEqual(['could not read the metadata of a media file'])
  expect(filesThere()).toEqual([])
})

test.each([
  ['the caller leaves', 'cancelled'],
  ['the sender goes away', 'upstream_unavailable'],
])('nor where %s in the middle', async (_, code) => {
  const stop = new AbortController()
  let hangUp = (): void => {}
  const server = await startRawServer(() => (socket) => {
    hangUp = () => socket.destroy()
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${2 * LARGE}\r\n\r\n`)
    socket.write(anMp4({ sizeBytes: LARGE }))
  })
  let met: string[] = []
  const progress = ({ done }: { done: number }): void => {
    // From here on it goes to the disk.
    if (done <= 16 * 2 ** 20) return
    met = filesThere()
    if (code === 'cancelled') stop.abort()
    else hangUp()
  }
  const asked = aVideo(`http://127.0.0.1:${server.port}/a.mp4`, { signal: stop.signal, progress })
  expect(await rejection(asked)).toMatchObject({ code })
  expect(met).toHaveLength(1)
  expect(filesThere()).toEqual([])
  await server.close()
})

test('what cannot be kept is recorded without being read', async () => {
  rmSync(track.tempDir, { recursive: true })
  read = () => {
    throw new Error('it was read')
  }
  const bytes = anMp4({ sizeBytes: LARGE })
  expect(await aVideo(track.civitai.serve('nowhere.mp4', bytes))).toMatchObject({
    sha256sum: sha256(bytes),
    models: [],
    input_prompt_id: null,
  })
  expect(warnings).toEqual(['could not keep media to read their metadata'])
})
