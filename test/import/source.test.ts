import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { bucketsFor, hostsFor } from '../../src/access/allowed-hosts.ts'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { createSourceReader, type SourceReader } from '../../src/import/source.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
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
  sources = createSourceReader({
    localFiles: createLocalFiles({ roots: () => [] }),
    fetch,
    hostsFor: (actor) => hostsFor(actor, []),
    s3: createS3Reader({ fetch, clock: systemClock, settings }),
    bucketsFor: (actor) => bucketsFor(actor, ['media']),
    tempDir: folder.path,
  })
})
afterAll(async () => {
  await checker.close()
  folder[Symbol.dispose]()
})

const bot = aTokenActor('bot-7', 'models:read')
const read = (url: string, actor = OWNER) => sources.read({ kind: 'url', url }, actor, new AbortController().signal)

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
