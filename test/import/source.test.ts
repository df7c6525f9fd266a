import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bucketsFor, hostsFor } from '../../src/access/allowed-hosts.ts'
import { createLocalFiles } from '../../src/access/local-files.ts'
import type { PromptReader } from '../../src/import/read/reader.ts'
import { createSourceReader, type SourceReader, type SourceReaderDeps } from '../../src/import/source.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch, type GuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { createS3Reader } from '../../src/net/s3.ts'
import { type Actor, OWNER } from '../../src/operation/permission.ts'
import { aPng } from '../support/build.ts'
import { aPromptReader } from '../support/prompt-reader.ts'
import { rejection } from '../support/rejection.ts'
import { KEY_ID, REGION, type S3Checker, SECRET, startS3Checker } from '../support/s3-checker.ts'
import { s3Settings } from '../support/s3-settings.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'
import { aTokenActor } from '../support/track.ts'

let checker: S3Checker
let deps: SourceReaderDeps
let sources: SourceReader
let reader: PromptReader
let folder: TempDir
beforeAll(async () => {
  folder = tempDir()
  reader = aPromptReader()
  checker = await startS3Checker()
  for (const bucket of ['media', 'open']) {
    await checker.put(bucket, 'harbor at dusk.png', aPng({ text: { parameters: 'a harbor at dusk' } }))
  }
  const fetch = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '0' })
  const settings = s3Settings({
    aws_endpoint_url: checker.url,
    aws_region: REGION,
    aws_access_key_id: KEY_ID,
    aws_secret_access_key: SECRET,
  })
  deps = {
    reader,
    comfyNodes: { get: async () => undefined, warning: () => undefined },
    localFiles: createLocalFiles({ roots: () => [] }),
    fetch,
    hostsFor: (actor) => hostsFor(actor, []),
    s3: createS3Reader({ fetch, clock: systemClock, settings }),
    bucketsFor: (actor) => bucketsFor(actor, ['media']),
    fetchImage: async (id) => images.get(id),
    civitaiToken: async () => undefined,
    tempDir: folder.path,
  }
  sources = createSourceReader(deps)
})
afterAll(async () => {
  await reader.close()
  await checker.close()
  folder[Symbol.dispose]()
})

const bot = aTokenActor('bot-7', 'models:read')
const signal = new AbortController().signal
const auto = { format: 'auto' }
const read = (url: string, actor: Actor = OWNER) => sources.read({ kind: 'url', url }, auto, { actor, signal })
/** What Civitai says of its images. */
const images = new Map<string, JsonObject>()

test('of a caller with a token reads no other file than was checked', async () => {
  using place = tempDir()
  using outside = tempDir()
  mkdirSync(join(place.path, 'public'))
  for (const dir of [join(place.path, 'public'), outside.path]) writeFileSync(join(dir, 'a.png'), aPng())
  const localFiles = createLocalFiles({ roots: () => [place.path] })
  const swapping = createSourceReader({
    ...deps,
    localFiles: {
      ...localFiles,
      async find(path, actor) {
        const found = await localFiles.find(path, actor)
        renameSync(join(place.path, 'public'), join(place.path, 'aside'))
        symlinkSync(outside.path, join(place.path, 'public'))
        return found
      },
    },
  })
  const path = join(place.path, 'public/a.png')
  expect(await rejection(swapping.read({ kind: 'path', path }, auto, { actor: bot, signal }))).toMatchObject({
    code: 'forbidden',
    message: 'The path is outside the folders that callers with a token may name',
  })
})

test('of an address whose bytes find no room says so and leaves nothing', async () => {
  let discarded = false
  const unused = () => Promise.reject(new Error('unused'))
  const fetch: GuardedFetch = async ({ url }) => ({
    status: 200,
    headers: new Headers(),
    url: String(url),
    body: (async function* () {
      yield Buffer.from('a beginning')
      // The error of a real full disk.
      await writeFile('/dev/full', 'x')
    })(),
    bytes: unused,
    text: unused,
    json: unused,
    discard() {
      discarded = true
    },
  })
  const source = { kind: 'url', url: 'https://example.com/a.png' } as const
  const asked = createSourceReader({ ...deps, fetch }).read(source, auto, { actor: OWNER, signal })
  expect(await rejection(asked)).toMatchObject({ code: 'disk_full' })
  expect(readdirSync(folder.path)).toEqual([])
  expect(discarded).toBe(true)
})

describe('an import from s3://', () => {
  test('reads what the object carries and leaves nothing behind', async () => {
    for (const actor of [OWNER, bot]) {
      expect(await read('S3://media/harbor at dusk.png', actor)).toMatchObject({
        prompt: { generation: { prompt: 'a harbor at dusk' } },
        media: 'image',
      })
    }
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('keeps to the rule for buckets', async () => {
    expect(await read('s3://open/harbor at dusk.png')).toMatchObject({ media: 'image' })
    for (const url of ['s3://open/harbor at dusk.png', 's3://nowhere/a']) {
      expect(await rejection(read(url, bot))).toMatchObject({ code: 'forbidden' })
    }
  })

  test('says what is missing', async () => {
    expect(await rejection(read('s3://media/none', bot))).toMatchObject({ code: 'not_found' })
    expect(readdirSync(folder.path)).toEqual([])
  })
})

describe('a file without a prompt', () => {
  const path = (place: TempDir, name: string, content: string | Uint8Array): string => {
    writeFileSync(join(place.path, name), content)
    return join(place.path, name)
  }
  const readPath = (file: string, actor: Actor = OWNER, localFiles = deps.localFiles) =>
    createSourceReader({ ...deps, localFiles }).read({ kind: 'path', path: file }, auto, { actor, signal })
  const INFOTEXT = 'a pier <lora:ink:0.8>\nSteps: 20, Sampler: Euler, Seed: 1, Model: harborMix_v2'

  test.each([
    ['picture.swarm.json', JSON.stringify({ sui_image_params: { model: 'harborMix_v2' } }), 'swarmui'],
    ['picture.txt', INFOTEXT, 'a1111'],
    ['picture.png.txt', INFOTEXT, 'a1111'],
    ['picture.json', JSON.stringify({ 1: { class_type: 'VAELoader', inputs: { vae_name: 'v.pt' } } }), 'comfyui'],
  ])('has the one of %s beside it', async (name, content, format) => {
    using place = tempDir()
    path(place, name, content)
    const found = await readPath(path(place, 'picture.png', aPng()))
    expect(found).toMatchObject({ media: 'image', container: 'png', prompt: { format } })
    expect(found.prompt.sources[0]?.place).toStartWith('sidecar .')
  })
  test('keeps its own where it has one', async () => {
    using place = tempDir()
    path(place, 'picture.txt', INFOTEXT)
    const own = await readPath(
      path(place, 'picture.png', aPng({ text: { parameters: 'x\nSteps: 1, Seed: 2, Size: 8x8' } })),
    )
    expect(own.prompt.sources).toMatchObject([{ place: 'png:tEXt:parameters' }])
  })
  test('does not take a caption for a prompt', async () => {
    using place = tempDir()
    path(place, 'picture.txt', '1girl, harbor, lantern')
    expect((await readPath(path(place, 'picture.png', aPng()))).prompt.sources).toEqual([])
  })
  test('of a caller with a token takes none from outside the roots', async () => {
    using place = tempDir()
    using outside = tempDir()
    symlinkSync(path(outside, 'secret.txt', INFOTEXT), join(place.path, 'picture.txt'))
    const file = path(place, 'picture.png', aPng())
    const localFiles = createLocalFiles({ roots: () => [place.path] })
    expect((await readPath(file, bot, localFiles)).prompt.sources).toEqual([])
    expect((await readPath(file)).prompt.sources).toHaveLength(1)
  })
})

describe('a page of Civitai', () => {
  test('of an image gives what its API says', async () => {
    images.set('77', {
      id: 77,
      url: 'https://example.com/77.png',
      meta: { prompt: 'a pier', Model: 'harborMix_v2', steps: 9 },
    })
    const { prompt } = await read('https://civitai.com/images/77?period=Day')
    expect(prompt).toMatchObject({ format: 'civitai', generation: { prompt: 'a pier', steps: 9 } })
  })
  test('of an image says where the media are, in their original quality', async () => {
    images.set('79', {
      id: 79,
      type: 'image',
      url: 'https://image.civitai.com/abc/width=450/79.jpeg',
      meta: { prompt: 'a pier', Model: 'harborMix_v2', steps: 9 },
    })
    expect(await read('https://civitai.com/images/79')).toMatchObject({
      media: 'image',
      media_url: 'https://image.civitai.com/abc/original=true/79.jpeg',
      civitai_url: 'https://civitai.com/images/79',
    })
  })
  describe('whose author hides how it was made', () => {
    const url = 'https://example.com/original=true/80.png'
    const asked: string[] = []
    const reading = (body: Uint8Array | undefined) => {
      images.set('80', { id: 80, type: 'image', url: url.replace('original=true', 'width=450'), modelVersionIds: [34] })
      const fetch: GuardedFetch = async (request) => {
        asked.push(String(request.url))
        const response = new Response(body)
        const { headers } = response
        const whole = () => response.bytes()
        const unused = () => Promise.reject(new Error('unused'))
        const status = body === undefined ? 403 : 200
        const content = (async function* () {
          yield await whole()
        })()
        return { status, headers, url, body: content, bytes: whole, text: unused, json: unused, discard() {} }
      }
      const source = { kind: 'url', url: 'https://civitai.com/images/80' } as const
      return createSourceReader({ ...deps, fetch }).read(source, auto, { actor: OWNER, signal })
    }
    const needs = async (body: Uint8Array | undefined) =>
      (await reading(body)).prompt.dependencies.map(({ name, reference }) => name ?? reference)
    test('the file itself tells, beside the versions of its models', async () => {
      const infotext = 'a pier <lora:ink:0.8>\nSteps: 20, Sampler: Euler, Seed: 1'
      expect(await needs(aPng({ text: { parameters: infotext } }))).toEqual(['civitai:version:34', 'ink'])
      expect(asked).toEqual([url])
    })
    test('and where it cannot, the versions are told', async () => {
      expect(await needs(aPng())).toEqual(['civitai:version:34'])
      expect(await needs(undefined)).toEqual(['civitai:version:34'])
    })
  })
  test('of an image that is not there says so', async () => {
    expect(await rejection(read('https://civitai.red/images/78'))).toMatchObject({ code: 'not_found' })
  })
  test.each([
    'https://civitai.com/models/12?modelVersionId=34',
    'https://civitai.com/api/download/models/34?type=Model',
  ])('of a model names it without fetching it: %s', async (url) => {
    expect((await read(url, bot)).prompt.dependencies).toMatchObject([{ civitai: { version_id: 34 } }])
  })
})

describe('the nodes of a ComfyUI', () => {
  const GRAPH = JSON.stringify({ 1: { class_type: 'HarborThing', inputs: { thing: 'pier.safetensors' } } })
  const nodes = { classes: { HarborThing: { widgets: ['thing'], models: { thing: 'lora' as const } } } }
  let asked = 0
  const withNodes = () =>
    createSourceReader({
      ...deps,
      comfyNodes: {
        async get() {
          asked += 1
          return nodes
        },
        warning: () => undefined,
      },
    })
  const typesOf = ({ prompt }: { prompt: { dependencies: readonly { type: string }[] } }) =>
    prompt.dependencies.map(({ type }) => type)

  test('tell what an unknown node loads, whatever the graph stands in', async () => {
    const bytes = aPng({ text: { prompt: GRAPH } })
    const texts = [{ place: 'payload', key: '', text: GRAPH }]
    expect(typesOf(await withNodes().readMedia({ bytes }, auto, signal))).toEqual(['lora'])
    const reading = withNodes()
    for (let round = 0; round < 2; round += 1) {
      const found = await reading.read({ kind: 'texts', texts, warnings: [] }, auto, { actor: OWNER, signal })
      expect(typesOf(found)).toEqual(['lora'])
    }
    expect(asked).toBe(3)
  })
  test('are not asked for what is no graph', async () => {
    asked = 0
    await withNodes().readMedia({ bytes: aPng({ text: { parameters: 'a pier\nSteps: 20, Seed: 1' } }) }, auto, signal)
    await withNodes().readMedia({ bytes: aPng() }, auto, signal)
    expect(asked).toBe(0)
  })
})
