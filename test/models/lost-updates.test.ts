import { afterEach, beforeEach, expect, test } from 'bun:test'
import { chmodSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { AppError } from '../../src/errors.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { inspectFile } from '../../src/models/inspect/inspect-file.ts'
import { type FileToHash, filesToHash, storeFault } from '../../src/models/library/digests.ts'
import { createInspectionStore, filesToInspect } from '../../src/models/library/inspections.ts'
import { createLibraryReader } from '../../src/models/library/reader.ts'
import { toRoots } from '../support/library.ts'
import { aModelFile } from '../support/model-files.ts'
import { type ModelHost, openModels } from '../support/models.ts'
import { rejection } from '../support/rejection.ts'

/** Refreshes, inspections and hashes of one file come in any order; none may undo what a later look at the disk found. */

let host: ModelHost
beforeEach(async () => {
  host = await openModels()
})
afterEach(() => host.close())

const signal = new AbortController().signal
const at = (name: string): string => join(host.root, name)
const deps = () => ({ db: host.db, clock: host.clock, instanceId: () => 'here' })
const refresh = () => host.models.library.refresher.refresh({ roots: toRoots([host.root]), signal })
const inspectAll = () => host.models.library.reader.inspectAll(signal)

async function shown(name: string): Promise<JsonObject> {
  const { items } = await host.invoke('list_models', { query: `${name}.safetensors` })
  const [item] = items as JsonObject[]
  if (item === undefined) throw new Error(`${name} is not listed`)
  return item
}

/** Times that a file system keeps to the microsecond, so that they can be put back. */
function setTime(name: string): void {
  utimesSync(at(name), 1_700_000_000, 1_700_000_000)
}

async function theFileToHash(): Promise<FileToHash> {
  const [file] = await filesToHash(deps(), { roots: [host.root], except: [], limit: 1 })
  if (file === undefined) throw new Error('Nothing is to be hashed')
  return file
}

test('the end of a download that is seen while the file is inspected counts', async () => {
  aModelFile(host.root, 'a.safetensors', 1)
  writeFileSync(at('a.safetensors.aria2'), '')
  await refresh()
  const requests = await filesToInspect(deps(), '', 10)
  const inspected = requests.map(inspectFile)
  rmSync(at('a.safetensors.aria2'))
  await refresh()
  await createInspectionStore(deps())(requests, inspected)
  await inspectAll()
  expect(await shown('a')).toMatchObject({ state: 'ok', fault: null })
})

test('a sidecar that comes while its model is inspected is read', async () => {
  aModelFile(host.root, 'a.safetensors', 1)
  await refresh()
  const requests = await filesToInspect(deps(), '', 10)
  const inspected = requests.map(inspectFile)
  writeFileSync(at('a.civitai.info'), JSON.stringify({ id: 77, modelId: 5 }))
  await refresh()
  await createInspectionStore(deps())(requests, inspected)
  await inspectAll()
  const { claims } = await shown('a')
  expect(JSON.stringify(claims)).toContain('77')
})

test('the failed hash of a file says nothing of the one that has replaced it', async () => {
  aModelFile(host.root, 'a.safetensors', 1)
  await refresh()
  await inspectAll()
  const before = await theFileToHash()
  aModelFile(host.root, 'a.safetensors', 2, 2048)
  await refresh()
  await inspectAll()
  await storeFault(deps(), before, new AppError('conflict', 'It changed while it was read'))
  expect(await shown('a')).toMatchObject({ state: 'ok', fault: null })
})

test('a database that is away when a digest is kept is no fault of the file', async () => {
  aModelFile(host.root, 'a.safetensors', 1)
  await refresh()
  await inspectAll()
  const file = await theFileToHash()
  const away = new AppError('upstream_unavailable', 'The database is away')
  let isAway = true
  const reader = createLibraryReader({
    ...deps(),
    db: {
      ...host.db,
      async write(fn, options) {
        if (!isAway) return host.db.write(fn, options)
        isAway = false
        throw away
      },
    },
    queue: host.models.library.queue,
    inspect: async () => [],
  })
  expect(await rejection(reader.hash(file, { priority: 'now', signal }))).toBe(away)
  expect(await shown('a')).toMatchObject({ state: 'ok', fault: null, sha256: null })
  expect(await reader.hash(file, { priority: 'now', signal })).toMatchObject({ fault: undefined })
})

test('what a verification found is not taken back by a header', async () => {
  const { path, sha256 } = aModelFile(host.root, 'a.safetensors', 1, 1_000_000)
  setTime('a.safetensors')
  await host.run('scan_models', {})
  // Between the parts that a sample is of.
  const bytes = readFileSync(path)
  bytes[200_000] = (bytes[200_000] ?? 0) ^ 1
  writeFileSync(path, bytes)
  setTime('a.safetensors')
  await host.run('verify_models', {})
  expect(await shown('a')).toMatchObject({ state: 'corrupt', sha256 })

  writeFileSync(at('a.civitai.info'), JSON.stringify({ id: 77, modelId: 5 }))
  await host.run('scan_models', {})
  expect(await shown('a')).toMatchObject({ state: 'corrupt', sha256 })

  bytes[200_000] = (bytes[200_000] ?? 0) ^ 1
  writeFileSync(path, bytes)
  setTime('a.safetensors')
  await host.run('verify_models', {})
  expect(await shown('a')).toMatchObject({ state: 'ok', fault: null, sha256 })
})

test('files that could not be read while their volume was away are read when serving looks at all of them', async () => {
  aModelFile(host.root, 'a.safetensors', 1)
  await refresh()
  await inspectAll()
  const file = await theFileToHash()
  renameSync(host.root, `${host.root}-away`)
  const { fault } = await host.models.library.reader.hash(file, { priority: 'now', signal })
  expect(fault).toBeString()
  renameSync(`${host.root}-away`, host.root)
  await refresh()
  expect(await shown('a')).toMatchObject({ state: 'unreadable' })
  const stop = host.models.keepCurrent()
  try {
    // It queues a scan when it has looked.
    while ((await host.invoke('list_model_jobs', {}))['count'] === 0) await setImmediate()
  } finally {
    await stop()
  }
  expect(await shown('a')).toMatchObject({ state: 'ok', fault: null })
})

test('a file that only its permissions have changed of does not take what belongs to one that was renamed', async () => {
  const names = ['a', 'b', 'c'].map((name) => `${name}.safetensors`)
  for (const [seed, name] of names.entries()) aModelFile(host.root, name, seed)
  for (const name of names) setTime(name)
  await host.run('scan_models', {})
  const { sha256 } = await shown('c')
  chmodSync(at('a.safetensors'), 0o600)
  chmodSync(at('b.safetensors'), 0o600)
  renameSync(at('c.safetensors'), at('z.safetensors'))
  expect(await refresh()).toMatchObject({ renamed: 1 })
  expect(await shown('z')).toMatchObject({ sha256 })
})
