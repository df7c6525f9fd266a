import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { countToHash, isAnyToHash } from '../../../src/models/library/digests.ts'
import { digestsOf } from '../../../src/models/library/leave-digests.ts'
import { type CompareRequest, createRefresher } from '../../../src/models/library/refresh.ts'
import { upsertRows } from '../../../src/models/library/rows.ts'
import type { WalkSummary } from '../../../src/models/scan/walked-file.ts'
import { modelFilesTable } from '../../../src/models/table.ts'
import { toRoots } from '../../support/library.ts'
import { aModelFile } from '../../support/model-files.ts'
import { type ModelHost, openModels } from '../../support/models.ts'
import { rejection } from '../../support/rejection.ts'

let host: ModelHost
beforeEach(async () => {
  host = await openModels()
})
afterEach(() => host.close())

const signal = new AbortController().signal
const deps = () => ({ db: host.db, clock: host.clock, instanceId: () => 'here' })

test('what is read in pages is read whole', async () => {
  const root = join(host.root, 'loras')
  mkdirSync(root)
  // Of one size, so that only their paths tell them apart.
  const names = Array.from({ length: 2_100 }, (_, at) => `${String(at).padStart(4, '0')}.safetensors`)
  for (const name of names) writeFileSync(join(root, name), 'one')
  const paths = names.map((name) => join(root, name))

  const library = await host.models.library.open([], signal)
  await library.look()
  const files = await library.unhashed()
  expect(files.map(({ path }) => path)).toEqual(paths)
  expect(await countToHash(deps(), [host.root])).toEqual({ files: names.length, bytes: names.length * 3 })
  const rows = await host.db.read.select().from(modelFilesTable)
  await host.db.write((tx) =>
    upsertRows(
      tx,
      rows.map((row) => ({ ...row, sha256: 'a'.repeat(64), hashedAt: 1 })),
    ),
  )
  const left = await Array.fromAsync(digestsOf(deps(), host.root))
  expect(left.map(({ relative }) => join(host.root, relative))).toEqual(paths)
  expect(await countToHash(deps(), [host.root])).toEqual({ files: 0, bytes: 0 })
})

test('files that a scan of the model folders would not hash call for none', async () => {
  const elsewhere = join(host.dir, 'elsewhere')
  aModelFile(elsewhere, 'a.safetensors', 1)
  await host.models.library.open([elsewhere], signal)
  expect(await isAnyToHash(deps(), [host.root])).toBe(false)
  expect(await isAnyToHash(deps(), [elsewhere])).toBe(true)
  expect(await isAnyToHash(deps(), [])).toBe(false)
})

describe('a file that was found by a scan of another folder', () => {
  const folder = (): string => join(host.root, 'loras/style')
  async function typeAndName(): Promise<unknown> {
    const { items } = await host.invoke('list_models', {})
    return (items as { type: string; name: string }[]).map(({ type, name }) => ({ type, name }))
  }

  test('gets its place below the model folders when they are scanned', async () => {
    aModelFile(folder(), 'a.safetensors', 1)
    await host.run('scan_models', { roots: [folder()] })
    expect(await host.run('scan_models', {})).toMatchObject({ changed: 1 })
    expect(await typeAndName()).toEqual([{ type: 'lora', name: 'style/a.safetensors' }])
    expect(await host.run('scan_models', {})).toMatchObject({ changed: 0, unchanged: 1 })
  })

  test('keeps the place below the model folders that it has', async () => {
    aModelFile(folder(), 'a.safetensors', 1)
    await host.run('scan_models', {})
    await host.run('scan_models', { roots: [folder()] })
    expect(await typeAndName()).toEqual([{ type: 'lora', name: 'style/a.safetensors' }])
  })
})

test.each([
  ['far in the future', 12_000_000_000],
  ['long before 1970', -12_000_000_000],
])('a file with a time %s is one among others', async (_, seconds) => {
  const { path, sha256 } = aModelFile(host.root, 'odd.safetensors', 1)
  utimesSync(path, seconds, seconds)
  expect(await host.run('scan_models', {})).toMatchObject({ status: 'completed', files: 1 })
  expect(await host.run('scan_models', {})).toMatchObject({ status: 'completed', unchanged: 1 })
  expect(await host.invoke('list_models', {})).toMatchObject({ items: [{ sha256, state: 'ok' }] })
  expect(await host.run('verify_models', {})).toMatchObject({ status: 'completed', checked: 1 })
})

test('a job is not run again beside another one that does the same', async () => {
  const { job_id } = await host.invoke('scan_models', {})
  await host.invoke('cancel_model_job', { job_id })
  await host.invoke('scan_models', {})
  expect(await rejection(host.invoke('retry_model_job', { job_id }))).toMatchObject({ code: 'conflict' })
})

test('whoever waits for the look of another can give up', async () => {
  let begun = (): void => {}
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  let end = (_: WalkSummary): void => {}
  const compare = (_: CompareRequest): Promise<WalkSummary> => {
    begun()
    return new Promise((resolve) => {
      end = resolve
    })
  }
  const refresher = createRefresher({
    ...deps(),
    disk: { compare, compareFolders: async () => undefined },
    volumeDigests: async () => new Map(),
  })
  const roots = toRoots([host.root])
  const first = refresher.refresh({ roots, signal })
  await isBegun
  const abort = new AbortController()
  const second = refresher.refresh({ roots, signal: abort.signal })
  const reason = new Error('given up')
  abort.abort(reason)
  expect(await rejection(second)).toBe(reason)
  end({ files: 3, unchanged: 3, vanished: [], unreadable: [], skipped: [] })
  expect(await first).toMatchObject({ files: 3 })
})
