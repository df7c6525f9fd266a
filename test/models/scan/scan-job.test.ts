import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../../src/errors.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import type { ModelRow } from '../../../src/models/library/rows.ts'
import { aModelFile } from '../../support/model-files.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { aScanHost, type ScanHost } from './scan-host.ts'

let temp: TempDb
beforeAll(async () => {
  temp = await openTempDb()
})
afterAll(() => temp.close())

let hosts = 0
const aHost = (root: string, more: object = {}): ScanHost =>
  aScanHost({ db: temp.db, instanceId: `host-${++hosts}`, roots: [root], ...more })

/** Changes of a tree by paths below it. */
interface Tree {
  readonly root: string
  at(relative: string): string
  write(relative: string, content?: string): void
  model(relative: string, seed: number, bytes?: number): void
  rename(from: string, to: string): void
  /** Size and time of one file for another. */
  keepTimes(relative: string, change: () => void): void
}

function treeAt(root: string): Tree {
  const at = (relative: string): string => join(root, relative)
  return {
    root,
    at,
    write(relative, content = 'x') {
      mkdirSync(join(at(relative), '..'), { recursive: true })
      writeFileSync(at(relative), content)
    },
    model: (relative, seed, bytes) => void aModelFile(root, relative, seed, bytes),
    rename(from, to) {
      mkdirSync(join(at(to), '..'), { recursive: true })
      renameSync(at(from), at(to))
    },
    keepTimes(relative, change) {
      const { atime, mtime } = statSync(at(relative))
      // Whole milliseconds: what JavaScript reads of a time is rounded.
      utimesSync(at(relative), atime, mtime)
      change()
      utimesSync(at(relative), atime, mtime)
    },
  }
}

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

/** Every row with a digest has that of its file. */
async function expectRightDigests(host: ScanHost): Promise<void> {
  for (const { path, sha256: stored } of (await host.rows()).values()) {
    if (stored !== null) expect({ path, sha256: stored }).toEqual({ path, sha256: sha256(path) })
  }
}

interface Scenario {
  readonly name: string
  /** Besides the three files that are always there. */
  readonly before?: (tree: Tree) => void
  readonly change: (tree: Tree) => void
  /** What the second scan hashes. */
  readonly hashed?: readonly string[]
  /** Of the second scan. */
  readonly job?: JsonObject
  readonly rows?: Readonly<Record<string, Partial<ModelRow>>>
  readonly gone?: readonly string[]
}

const A = 'loras/a.safetensors'
const B = 'loras/b.safetensors'
const C = 'checkpoints/c.ckpt'

/** With another size than the others have. */
const BYTES = 3_000

const SCENARIOS: readonly Scenario[] = [
  { name: 'nothing', change: () => {}, job: { files: 3, unchanged: 3, added: 0, changed: 0, renamed: 0, gone: 0 } },
  {
    name: 'an edit in place',
    change: ({ model }) => model(A, 9),
    hashed: [A],
    job: { unchanged: 2, changed: 1, files_hashed: 1 },
  },
  {
    name: 'a rename',
    change: ({ rename }) => rename(A, 'loras/other.safetensors'),
    job: { renamed: 1, added: 0, gone: 0 },
    rows: { 'loras/other.safetensors': { name: 'other.safetensors', stemKey: 'other' } },
  },
  {
    name: 'a move into another folder',
    change: ({ rename }) => rename(A, 'controlnet/deep/a.safetensors'),
    job: { renamed: 1, gone: 0 },
    rows: { 'controlnet/deep/a.safetensors': { type: 'controlnet' } },
  },
  {
    name: 'a rename of a folder',
    change: ({ rename }) => rename('loras', 'lora'),
    job: { renamed: 2, added: 0, gone: 0 },
  },
  {
    name: 'a rename, and another file at the old place',
    change: ({ rename, model }) => {
      rename(A, 'loras/a-old.safetensors')
      model(A, 9, BYTES)
    },
    hashed: [A],
    job: { renamed: 1, changed: 1, gone: 0 },
  },
  {
    name: 'a rename, and another file of the same size at the old place',
    change: ({ rename, model }) => {
      rename(A, 'loras/a-epoch-1.safetensors')
      model(A, 9)
    },
    hashed: [A],
    job: { renamed: 1, changed: 1, gone: 0 },
  },
  {
    name: 'two names swapped',
    change: ({ rename }) => {
      rename(A, 'loras/x.safetensors')
      rename(B, A)
      rename('loras/x.safetensors', B)
    },
    job: { files: 3, gone: 0 },
  },
  {
    name: 'a copy with its times',
    change: ({ at, write, keepTimes }) => {
      keepTimes(A, () => copyFileSync(at(A), at('loras/copy.safetensors')))
      write('loras/none.txt')
      const { atime, mtime } = statSync(at(A))
      utimesSync(at('loras/copy.safetensors'), atime, mtime)
    },
    before: ({ keepTimes }) => keepTimes(A, () => {}),
    hashed: ['loras/copy.safetensors'],
    job: { added: 1, renamed: 0 },
  },
  { name: 'a deletion', change: ({ at }) => rmSync(at(A)), job: { gone: 1, unchanged: 2 }, gone: [A] },
  {
    name: 'other permissions of everything',
    change: ({ at }) => {
      for (const path of [A, B, C]) chmodSync(at(path), 0o640)
    },
    job: { changed: 3, unchanged: 0 },
  },
  {
    name: 'other bytes of the same size and time',
    before: ({ keepTimes }) => keepTimes(A, () => {}),
    change: ({ keepTimes, model }) => keepTimes(A, () => model(A, 9)),
    hashed: [A],
    job: { changed: 1, replaced: 1 },
  },
  {
    name: 'a touch',
    change: ({ at }) => utimesSync(at(A), 1e9, 1e9),
    hashed: [A],
    job: { changed: 1 },
  },
  {
    name: 'a file moved out of the root, with a symlink in its place',
    before: ({ write }) => write('.elsewhere/none'),
    change: ({ at, rename }) => {
      rename(A, '.elsewhere/a.safetensors')
      symlinkSync('../.elsewhere/a.safetensors', at(A))
    },
    job: { renamed: 1, gone: 0 },
    rows: { '.elsewhere/a.safetensors': { relative: A, name: 'a.safetensors' } },
  },
  {
    name: 'a symlink to another file in its place',
    before: ({ model }) => model('.elsewhere/z.safetensors', 8, BYTES),
    change: ({ at }) => {
      rmSync(at(A))
      symlinkSync('../.elsewhere/z.safetensors', at(A))
    },
    hashed: ['.elsewhere/z.safetensors'],
    job: { added: 1, gone: 1 },
    gone: [A],
  },
  {
    name: 'links to it',
    change: ({ at }) => {
      linkSync(at(A), at('loras/hard.safetensors'))
      symlinkSync('a.safetensors', at('loras/soft.safetensors'))
    },
    job: { files: 3, added: 0, changed: 1 },
  },
  {
    name: 'links that go',
    before: ({ at }) => {
      linkSync(at(A), at('loras/hard.safetensors'))
      symlinkSync('a.safetensors', at('loras/soft.safetensors'))
    },
    change: ({ at }) => {
      rmSync(at('loras/hard.safetensors'))
      rmSync(at('loras/soft.safetensors'))
    },
    job: { files: 3, added: 0, changed: 1, gone: 0 },
    rows: { [A]: { aliases: [] } },
  },
  {
    name: 'the first of two hard links that goes',
    before: ({ at }) => linkSync(at(A), at('loras/hard.safetensors')),
    change: ({ at }) => rmSync(at(A)),
    job: { files: 3, renamed: 1, gone: 0 },
  },
  {
    name: 'a marker that it is being written',
    change: ({ at, write }) => {
      write(`${A}.aria2`)
      // What it is being written to is there, in full size, from the beginning.
      utimesSync(at(A), 1e9, 1e9)
    },
    rows: { [A]: { state: 'partial', sha256: null } },
  },
  {
    name: 'a marker that is still there',
    before: ({ write }) => write(`${A}.aria2`),
    change: () => {},
    rows: { [A]: { state: 'partial', sha256: null } },
  },
  {
    name: 'a marker that is gone',
    before: ({ write }) => write(`${A}.aria2`),
    change: ({ at }) => rmSync(at(`${A}.aria2`)),
    hashed: [A],
    rows: { [A]: { state: 'ok', fault: null } },
  },
  {
    name: 'a download that waits',
    before: ({ write, at }) =>
      write('loras/z.safetensors.part', readFileSync(at(A)).subarray(0, 900).toString('latin1')),
    change: () => {},
    rows: { 'loras/z.safetensors.part': { state: 'partial', sha256: null } },
  },
  {
    name: 'a download that gets its name',
    before: ({ rename }) => rename(A, `${A}.part`),
    change: ({ rename }) => rename(`${A}.part`, A),
    hashed: [A],
    rows: { [A]: { state: 'ok', fault: null } },
    gone: [`${A}.part`],
  },
  {
    name: 'a sidecar',
    change: ({ write }) => write('loras/a.civitai.info', '{"id":7,"modelId":3,"baseModel":"SDXL 1.0"}'),
    job: { changed: 1 },
    rows: { [A]: { civitaiVersionId: 7, civitaiModelId: 3 } },
  },
]

describe('a scan after', () => {
  test.each(SCENARIOS.map((each) => [each.name, each] as const))('%s', async (_, scenario) => {
    using folder = tempDir()
    const tree = treeAt(folder.path)
    tree.model(A, 1)
    tree.model(B, 2, 2_000)
    tree.write(C, 'pickle')
    scenario.before?.(tree)
    const host = aHost(tree.root)
    const first = await host.scan()
    expect(first).toMatchObject({ status: 'completed' })
    await expectRightDigests(host)
    const before = await host.rows()
    host.hashed.length = 0

    scenario.change(tree)
    const second = await host.scan()
    expect(second).toMatchObject({ status: 'completed', ...scenario.job })
    expect(host.hashed.toSorted()).toEqual((scenario.hashed ?? []).map(tree.at).toSorted())
    await expectRightDigests(host)
    const rows = await host.rows()
    for (const [relative, expected] of Object.entries(scenario.rows ?? {})) {
      expect(rows.get(tree.at(relative))).toMatchObject(expected)
    }
    expect(await host.gone()).toEqual((scenario.gone ?? []).map(tree.at))
    // Known since the first scan, wherever it is now.
    const times = new Map([...before.values()].map(({ sha256: digest, hashedAt }) => [digest, hashedAt]))
    for (const { path, sha256: digest, hashedAt } of rows.values()) {
      if (!host.hashed.includes(path) && digest !== null)
        expect([path, hashedAt]).toEqual([path, times.get(digest) ?? 0])
    }

    // And nothing is left to be done.
    host.hashed.length = 0
    expect(await host.scan()).toMatchObject({ unchanged: rows.size, added: 0, changed: 0, renamed: 0, gone: 0 })
    expect(host.hashed).toEqual([])
    expect([...(await host.rows()).values()].map(({ path, state }) => [path, state])).toEqual(
      [...rows.values()].map(({ path, state }) => [path, state]),
    )
  })
})

describe('a file that comes back', () => {
  test('is known as before', async () => {
    using folder = tempDir()
    const tree = treeAt(folder.path)
    tree.model(A, 1)
    const host = aHost(tree.root)
    await host.scan()
    tree.rename(A, '.hidden')
    expect(await host.scan()).toMatchObject({ gone: 1 })
    tree.rename('.hidden', A)
    expect(await host.scan()).toMatchObject({ added: 1 })
    expect(host.hashed).toHaveLength(1)
    tree.rename(A, '.hidden')
    await host.scan()
    tree.rename('.hidden', 'loras/elsewhere.safetensors')
    expect(await host.scan()).toMatchObject({ renamed: 1 })
    expect(host.hashed).toHaveLength(1)
    await expectRightDigests(host)
  })

  test('is forgotten after a month', async () => {
    using folder = tempDir()
    const tree = treeAt(folder.path)
    tree.model(A, 1)
    const host = aHost(tree.root)
    await host.scan()
    rmSync(tree.at(A))
    await host.scan()
    host.clock.advance(29 * 86_400_000)
    await host.scan()
    expect(await host.gone()).toHaveLength(1)
    host.clock.advance(2 * 86_400_000)
    await host.scan()
    expect(await host.gone()).toEqual([])
  })
})

describe('a root that is missing', () => {
  test('is told of, and nothing below it is forgotten', async () => {
    using folder = tempDir()
    const tree = treeAt(join(folder.path, 'volume'))
    tree.model(A, 1)
    const host = aHost(tree.root)
    await host.scan()
    renameSync(tree.root, join(folder.path, 'unmounted'))
    expect(await host.scan()).toMatchObject({
      status: 'partially_completed',
      gone: 0,
      warnings: [{ place: tree.root }],
    })
    expect((await host.rows()).size).toBe(1)
    renameSync(join(folder.path, 'unmounted'), tree.root)
    expect(await host.scan()).toMatchObject({ status: 'completed', unchanged: 1 })
    expect(host.hashed).toHaveLength(1)
  })
})

test('links to one file are hashed once', async () => {
  using folder = tempDir()
  const tree = treeAt(folder.path)
  tree.model(A, 1)
  linkSync(tree.at(A), tree.at('loras/hard.safetensors'))
  symlinkSync('a.safetensors', tree.at('loras/soft.safetensors'))
  symlinkSync('loras', tree.at('more'))
  const host = aHost(tree.root)
  expect(await host.scan()).toMatchObject({ files: 1, files_hashed: 1, hashed_bytes: lstatSync(tree.at(A)).size })
  const aliases = ['loras/hard', 'loras/soft', 'more/a', 'more/hard', 'more/soft'].map((name) =>
    tree.at(`${name}.safetensors`),
  )
  expect([...(await host.rows()).values()].map((row) => row.aliases.toSorted())).toEqual([aliases])
})

test('a file that grows between two scans is hashed when it rests', async () => {
  using folder = tempDir()
  const tree = treeAt(folder.path)
  tree.write('checkpoints/a.ckpt', 'begin')
  const host = aHost(tree.root)
  await host.scan()
  appendFileSync(tree.at('checkpoints/a.ckpt'), 'end')
  expect(await host.scan()).toMatchObject({ changed: 1, files_hashed: 1 })
  await expectRightDigests(host)
})

describe('a scan that asks Civitai', () => {
  const away = (): JsonObject => {
    throw new AppError('upstream_unavailable', 'Civitai is away')
  }
  const known = (): JsonObject => ({ asked: 1, known: 1 })
  test.each<[string, (() => JsonObject)[], JsonObject]>([
    ['asks before and after hashing', [known, known], { status: 'completed', identified: { asked: 2, known: 2 } }],
    [
      'is complete where only the first try failed',
      [away, known],
      { status: 'completed', identified: { asked: 1, known: 1 } },
    ],
    [
      'keeps what it heard before the other side went away',
      [known, away],
      {
        status: 'partially_completed',
        files_hashed: 1,
        identified: { asked: 1, known: 1, error: 'Civitai is away', error_code: 'upstream_unavailable' },
      },
    ],
  ])('%s', async (_, answers, expected) => {
    using folder = tempDir()
    const tree = treeAt(folder.path)
    tree.model(A, 1)
    const tries = [...answers]
    const asking = aHost(tree.root, { identify: () => tries.shift()?.() ?? {} })
    const { job_id } = await asking.invoke('scan_models', { identify: true })
    await asking.jobs.start()
    await asking.jobs.whenIdle()
    const job = await asking.job(job_id)
    expect({ status: job.status, identified: job.identified, files_hashed: job.files_hashed }).toEqual({
      files_hashed: 1,
      ...expected,
    } as never)
    await asking.jobs.stop()
  })
})
