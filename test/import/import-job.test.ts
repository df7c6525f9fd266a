import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { createHashPool, type HashPool } from '../../src/hash/pool.ts'
import { createImportJob } from '../../src/import/import-job.ts'
import type { PromptReader } from '../../src/import/read/reader.ts'
import { createSourceReader } from '../../src/import/source.ts'
import type { JobEnd } from '../../src/jobs/job.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { createS3Reader } from '../../src/net/s3.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { aLibrary } from '../support/library.ts'
import { aModelFile } from '../support/model-files.ts'
import { aPromptReader } from '../support/prompt-reader.ts'
import { s3Settings } from '../support/s3-settings.ts'
import { openTempDb, type TempDb } from '../support/temp-db.ts'

let temp: TempDb
let root: string
let pool: HashPool
let reader: PromptReader
let shown: JsonObject[]
let beforeHashing: (path: string) => void

beforeEach(async () => {
  temp = await openTempDb()
  root = mkdtempSync(join(tmpdir(), 'airkeep-import-'))
  pool = createHashPool({ size: 1 })
  reader = aPromptReader()
  shown = []
  beforeHashing = () => {}
})
afterEach(async () => {
  await pool.close()
  await reader.close()
  await temp.close()
  rmSync(root, { recursive: true })
})

function run(text: string): Promise<JobEnd> {
  const fetch = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '0.0.0' })
  const hashes: Pick<HashPool, 'hashFile'> = {
    hashFile(path, options) {
      beforeHashing(path)
      return pool.hashFile(path, options)
    },
  }
  const kind = createImportJob({
    sources: createSourceReader({
      reader,
      comfyNodes: { get: async () => undefined, warning: () => undefined },
      localFiles: createLocalFiles({ roots: () => [root] }),
      fetch,
      fetchImage: async () => undefined,
      civitaiToken: async () => undefined,
      hostsFor: () => [],
      s3: createS3Reader({ fetch, clock: systemClock, settings: s3Settings({}) }),
      bucketsFor: () => [],
      tempDir: root,
    }),
    library: aLibrary({ db: temp.db, hashes, roots: [root] }),
    record: async () => ({}),
  })
  const source = { kind: 'texts', texts: [{ place: 'payload', key: '', text }], warnings: [] } as const
  return kind.run({
    id: 'imp_1',
    queuedAt: 0,
    input: {
      source: { ...source, texts: [...source.texts], warnings: [] },
      format: 'auto',
      model_roots: [],
      track: false,
      download: true,
    },
    actor: OWNER,
    signal: new AbortController().signal,
    save: async (view) => void shown.push(view),
    aside: (work) => work(),
    show: (view) => void shown.push(view),
  })
}

const infotext = (loras: Record<string, string>): string => {
  const hashes = Object.entries(loras).map(([name, hash]) => `${name}: ${hash.slice(0, 12)}`)
  return `a cat\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512, Lora hashes: "${hashes.join(', ')}"`
}

test('a model file that cannot be read is a warning of the job, not its end', async () => {
  const gone = aModelFile(root, 'loras/gone.safetensors', 1)
  const here = aModelFile(root, 'loras/here.safetensors', 2)
  beforeHashing = (path) => {
    if (path === gone.path) rmSync(path)
  }
  const { status, view } = await run(infotext({ gone: gone.tensorSha256, renamed: here.tensorSha256 }))
  expect(status).toBe('succeeded')
  expect(view).toMatchObject({
    status: 'partially_completed',
    progress: 1,
    dependencies: [
      { name: 'gone', status: 'ambiguous' },
      { name: 'renamed', status: 'resolved', resolved_path: here.path },
    ],
    warnings: [{ place: gone.path, reason: `Cannot hash ${gone.path}: there is no such file` }],
  })
})

test('progress goes from 0 to 1 and never back', async () => {
  const loras = Object.fromEntries(
    Array.from({ length: 5 }, (_, at) => [`n${at}`, aModelFile(root, `loras/f${at}.safetensors`, at).tensorSha256]),
  )
  const { view } = await run(infotext(loras))
  const progress = [...shown, view].map((each) => Number(each.progress))
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
  expect([progress[0], progress.at(-1)]).toEqual([0, 1])
})
