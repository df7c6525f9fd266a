import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { JsonObject } from '../../src/lib/json.ts'
import { asHashed, joinCopy } from '../../src/models/join-copies.ts'
import { modelFilesTable as files } from '../../src/models/table.ts'
import { aModelFile } from '../support/model-files.ts'
import { type ModelHost, openModels } from '../support/models.ts'
import { rejection } from '../support/rejection.ts'
import { satisfied } from '../support/requires.ts'
import { aTokenActor } from '../support/track.ts'

let host: ModelHost
beforeEach(async () => {
  host = await openModels()
})
afterEach(() => host.close())

const at = (name: string): string => join(host.root, name)
const inode = (name: string): number => statSync(at(name)).ino
const link = (call = {}): Promise<JsonObject> => host.invoke('link_duplicates', {}, call)

/** Copies of one model file, the first name the oldest. */
function copies(...names: string[]): { size: number; sha256: string; bytes: Buffer } {
  const [first = ''] = names
  const { sha256 } = aModelFile(host.root, first, 7, 4000)
  for (const [index, name] of names.entries()) {
    mkdirSync(join(at(name), '..'), { recursive: true })
    if (index > 0) copyFileSync(at(first), at(name))
    utimesSync(at(name), 1_700_000_000 + index, 1_700_000_000 + index)
  }
  const bytes = readFileSync(at(first))
  return { size: bytes.length, sha256, bytes }
}

/** No name below the root that begins with a dot. */
const leftovers = (): string[] =>
  readdirSync(host.root, { recursive: true })
    .map(String)
    .filter((name) => /(?:^|\/)\./.test(name))

const reasons = (answer: JsonObject): unknown[] => (answer['skipped'] as JsonObject[]).map(({ reason }) => reason)

test('every copy becomes a name of the oldest file', async () => {
  const { size, sha256, bytes } = copies(
    'loras/old.safetensors',
    'checkpoints/new.safetensors',
    'loras/newest.safetensors',
  )
  await host.run('scan_models', {})
  const before = await host.invoke('list_models', { duplicates: true })
  expect(before).toMatchObject({ count: 3, wasted_bytes: 2 * size })

  expect(await link()).toEqual({
    linked: ['checkpoints/new.safetensors', 'loras/newest.safetensors'].map((name) => ({
      path: at(name),
      kept: at('loras/old.safetensors'),
    })),
    skipped: [],
    freed_bytes: 2 * size,
  })
  for (const name of ['loras/old.safetensors', 'checkpoints/new.safetensors', 'loras/newest.safetensors']) {
    expect(inode(name)).toBe(inode('loras/old.safetensors'))
    expect(readFileSync(at(name)).equals(bytes)).toBe(true)
  }
  expect(leftovers()).toEqual([])
  expect(await host.invoke('list_models', { duplicates: true })).toMatchObject({ count: 0, wasted_bytes: 0 })
  const shown = await host.invoke('list_models', {})
  expect(shown['items']).toMatchObject([
    {
      path: at('loras/old.safetensors'),
      sha256,
      aliases: [at('checkpoints/new.safetensors'), at('loras/newest.safetensors')],
    },
  ])

  // The next scan finds the same, and hashes nothing again.
  const scan = await host.run('scan_models', {})
  expect(scan).toMatchObject({ status: 'completed', files: 1 })
  expect(scan['files_hashed']).toBe(0)
  const after = await host.invoke('list_models', {})
  expect(after).toMatchObject({ count: 1, items: [{ sha256 }] })
  expect(await link()).toEqual({ linked: [], skipped: [], freed_bytes: 0 })
})

test('a hard link of a copy is joined with it, and counts once', async () => {
  const { size } = copies('a.safetensors', 'b.safetensors')
  linkSync(at('b.safetensors'), at('b-too.safetensors'))
  await host.run('scan_models', {})
  const answer = await link()
  expect(answer['freed_bytes']).toBe(size)
  expect((answer['linked'] as JsonObject[]).map(({ path }) => path).toSorted()).toEqual([
    at('b-too.safetensors'),
    at('b.safetensors'),
  ])
  expect(inode('b-too.safetensors')).toBe(inode('a.safetensors'))
  expect(statSync(at('a.safetensors')).nlink).toBe(3)
})

test('bytes that another name outside still holds are not counted as free', async () => {
  copies('a.safetensors', 'b.safetensors')
  linkSync(at('b.safetensors'), join(host.dir, 'outside'))
  await host.run('scan_models', {})
  expect(await link()).toMatchObject({ linked: [{ path: at('b.safetensors') }], freed_bytes: 0 })
})

test('symlinks stay what they are', async () => {
  copies('a.safetensors', 'b.safetensors')
  symlinkSync(at('b.safetensors'), at('c.safetensors'))
  await host.run('scan_models', {})
  expect(await link()).toMatchObject({ linked: [{ path: at('b.safetensors') }] })
  expect(readFileSync(at('c.safetensors')).equals(readFileSync(at('a.safetensors')))).toBe(true)
})

describe('left alone is', () => {
  test.each([
    ['a copy of another size', (name: string) => writeFileSync(at(name), 'x')],
    ['a copy that was touched', (name: string) => utimesSync(at(name), 5, 5)],
    ['a copy whose permissions changed', (name: string) => chmodSync(at(name), 0o600)],
    ['a copy that is gone', (name: string) => rmSync(at(name))],
  ])('%s since it was hashed', async (_, change) => {
    copies('a.safetensors', 'b.safetensors')
    await host.run('scan_models', {})
    change('b.safetensors')
    const bytes = existsSync(at('b.safetensors')) ? readFileSync(at('b.safetensors')) : undefined
    const answer = await link()
    expect(answer).toMatchObject({ linked: [], freed_bytes: 0 })
    expect(reasons(answer)).toEqual(['It changed since it was hashed'])
    if (bytes !== undefined) expect(readFileSync(at('b.safetensors')).equals(bytes)).toBe(true)
    expect(leftovers()).toEqual([])
  })

  test('one whose digest agrees and whose bytes do not, wherever they differ', async () => {
    const size = 3_000_000
    const a = Buffer.alloc(size, 1)
    const b = Buffer.from(a)
    b[2_345_678] = 2
    writeFileSync(at('a.pt'), a)
    writeFileSync(at('b.pt'), b)
    await host.run('scan_models', {})
    const [row] = await host.db.read
      .select()
      .from(files)
      .where(eq(files.path, at('a.pt')))
    await host.db.write(async (tx) => {
      await tx.update(files).set({ sha256: row?.sha256 ?? null, sample: row?.sample ?? null })
    })
    expect(reasons(await link())).toEqual(['Its bytes are not those that were hashed'])
    expect(readFileSync(at('a.pt')).equals(a)).toBe(true)
    expect(readFileSync(at('b.pt')).equals(b)).toBe(true)
  })

  test('one with other permissions', async () => {
    copies('a.safetensors', 'b.safetensors')
    chmodSync(at('b.safetensors'), 0o600)
    await host.run('scan_models', {})
    expect(reasons(await link())).toEqual(['Its owner or its permissions are others'])
  })

  test.skipIf(!satisfied(process.getuid?.() === 0, 'only root gives files away'))('one of another user', async () => {
    copies('a.safetensors', 'b.safetensors')
    chownSync(at('b.safetensors'), 12345, 12345)
    await host.run('scan_models', {})
    expect(reasons(await link())).toEqual(['Its owner or its permissions are others'])
    expect(statSync(at('b.safetensors')).uid).toBe(12345)
  })

  test('one that was hashed on another host', async () => {
    copies('a.safetensors', 'b.safetensors')
    await host.run('scan_models', {})
    await host.db.write(async (tx) => {
      await tx
        .update(files)
        .set({ digestSource: 'volume' })
        .where(eq(files.path, at('b.safetensors')))
    })
    expect(await link()).toMatchObject({ linked: [], skipped: [] })
  })

  test('one that is empty', async () => {
    for (const name of ['a.pt', 'b.pt']) writeFileSync(at(name), '')
    await host.run('scan_models', {})
    expect(await link()).toMatchObject({ linked: [], skipped: [] })
  })
})

const hasShm = existsSync('/dev/shm') && statSync('/dev/shm').dev !== statSync('/tmp').dev
test.skipIf(!satisfied(hasShm, '/dev/shm as a filesystem of its own'))(
  'on another filesystem: told, and joined among themselves there',
  async () => {
    const far = mkdtempSync('/dev/shm/airkeep-test-')
    try {
      copies('a.safetensors')
      symlinkSync(far, at('far'))
      for (const name of ['far/b.safetensors', 'far/c.safetensors']) {
        copyFileSync(at('a.safetensors'), at(name))
        utimesSync(at(name), 1_800_000_000, 1_800_000_000)
      }
      await host.run('scan_models', {})
      expect(await link()).toMatchObject({
        linked: [{ path: join(far, 'c.safetensors'), kept: join(far, 'b.safetensors') }],
        skipped: [
          { path: join(far, 'b.safetensors'), kept: at('a.safetensors'), reason: 'It is on another filesystem' },
        ],
      })
    } finally {
      rmSync(far, { recursive: true })
    }
  },
)

describe('when it ends in the middle', () => {
  test('what it left is removed by the next, and the copies are joined', async () => {
    copies('loras/a.safetensors', 'loras/b.safetensors')
    await host.run('scan_models', {})
    const stray = at('loras/.airkeep-link_0123456789abcdefghij')
    // As between its two steps: a third name of the file that stays.
    linkSync(at('loras/a.safetensors'), stray)
    const kept = at('loras/.airkeep-link.safetensors')
    writeFileSync(kept, 'of somebody else')
    await host.run('scan_models', {})
    expect(await link()).toMatchObject({ linked: [{ path: at('loras/b.safetensors') }] })
    expect(leftovers()).toEqual(['loras/.airkeep-link.safetensors'])
    expect(statSync(at('loras/a.safetensors')).nlink).toBe(2)
  })

  test('cancelled: every name has its bytes, and the rest is joined later', async () => {
    const { bytes } = copies('a.safetensors', 'b.safetensors', 'c.safetensors')
    await host.run('scan_models', {})
    const abort = new AbortController()
    const reason = new Error('enough')
    const progress = (): void => abort.abort(reason)
    expect(await rejection(link({ signal: abort.signal, progress }))).toBe(reason)
    for (const name of ['a', 'b', 'c']) expect(readFileSync(at(`${name}.safetensors`)).equals(bytes)).toBe(true)
    expect(leftovers()).toEqual([])
    await link()
    expect(statSync(at('a.safetensors')).nlink).toBe(3)
  })

  test('two at once do the work once', async () => {
    const { size } = copies('a.safetensors', 'b.safetensors', 'c.safetensors')
    await host.run('scan_models', {})
    const answers = await Promise.all([link(), link()])
    expect(answers.map(({ freed_bytes }) => freed_bytes)).toEqual([2 * size, 0])
    expect(answers.flatMap(reasons)).toEqual([])
  })
})

test('files of another host stay out of it', async () => {
  copies('a.safetensors', 'b.safetensors')
  await host.run('scan_models', {})
  await host.db.write(async (tx) => {
    await tx
      .update(files)
      .set({ instanceId: 'there' })
      .where(eq(files.path, at('b.safetensors')))
  })
  expect(await link()).toEqual({ linked: [], skipped: [], freed_bytes: 0 })
  expect(inode('a.safetensors')).not.toBe(inode('b.safetensors'))
})

test('it needs models:download', async () => {
  const actor = aTokenActor('reader', 'models:read')
  expect(await rejection(link({ actor }))).toMatchObject({ code: 'forbidden' })
})

test('tells how far the comparison is', async () => {
  const { size } = copies('a.safetensors', 'b.safetensors')
  await host.run('scan_models', {})
  const told: unknown[] = []
  await link({ progress: (state: unknown) => told.push(state) })
  expect(told).toEqual([{ done: size, total: 2 * size, unit: 'bytes', message: 'joined 0 copies' }])
})

test('a file that takes the place of the kept one after the comparison is linked nowhere', async () => {
  const { bytes } = copies('loras/old.safetensors', 'loras/new.safetensors')
  await host.run('scan_models', {})
  const rows = await host.db.read.select().from(files).orderBy(files.path)
  const [copy, kept] = await Promise.all(rows.map(asHashed))
  if (kept === undefined || copy === undefined) throw new Error('Both were hashed')
  writeFileSync(at('loras/other'), 'of somebody else')
  renameSync(at('loras/other'), at('loras/old.safetensors'))
  await rejection(joinCopy(kept, copy))
  expect(readFileSync(at('loras/new.safetensors')).equals(bytes)).toBe(true)
  expect(leftovers()).toEqual([])
})
