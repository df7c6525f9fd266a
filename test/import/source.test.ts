import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bucketsFor, hostsFor } from '../../src/access/allowed-hosts.ts'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { createSourceReader, type SourceReader, type SourceReaderDeps } from '../../src/import/source.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch, type GuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { createS3Reader } from '../../src/net/s3.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { aPng } from '../support/build.ts'
import { rejection } from '../support/rejection.ts'
import { KEY_ID, REGION, type S3Checker, SECRET, startS3Checker } from '../support/s3-checker.ts'
import { s3Settings } from '../support/s3-settings.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'
import { aTokenActor } from '../support/track.ts'

let checker: S3Checker
let deps: SourceReaderDeps
let sources: SourceReader
let folder: TempDir
beforeAll(async () => {
  folder = tempDir()
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
    localFiles: createLocalFiles({ roots: () => [] }),
    fetch,
    hostsFor: (actor) => hostsFor(actor, []),
    s3: createS3Reader({ fetch, clock: systemClock, settings }),
    bucketsFor: (actor) => bucketsFor(actor, ['media']),
    tempDir: folder.path,
  }
  sources = createSourceReader(deps)
})
afterAll(async () => {
  await checker.close()
  folder[Symbol.dispose]()
})

const bot = aTokenActor('bot-7', 'models:read')
const read = (url: string, actor = OWNER) => sources.read({ kind: 'url', url }, actor, new AbortController().signal)

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
  expect(await rejection(swapping.read({ kind: 'path', path }, bot, new AbortController().signal))).toMatchObject({
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
  const asked = createSourceReader({ ...deps, fetch }).read(source, OWNER, new AbortController().signal)
  expect(await rejection(asked)).toMatchObject({ code: 'disk_full' })
  expect(readdirSync(folder.path)).toEqual([])
  expect(discarded).toBe(true)
})

describe('an import from s3://', () => {
  test('reads what the object carries and leaves nothing behind', async () => {
    for (const actor of [OWNER, bot]) {
      expect(await read('S3://media/harbor at dusk.png', actor)).toMatchObject({
        texts: [{ key: 'parameters', text: 'a harbor at dusk' }],
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
