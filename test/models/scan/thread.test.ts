import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { InspectRequest } from '../../../src/models/inspect/inspection.ts'
import type { ModelRoot } from '../../../src/models/root.ts'
import { createModelThreads } from '../../../src/models/scan/thread.ts'
import type { StoredFile, WalkedFile, WalkSummary } from '../../../src/models/scan/walked-file.ts'
import { rejection } from '../../support/rejection.ts'
import { rootAt } from './walked.ts'

const threads = createModelThreads()
afterAll(() => threads.close())
const signal = new AbortController().signal

let base: string
let stored: Map<string, StoredFile>

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-compare-')))
  stored = new Map()
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

function put(path: string, text = 'x'): string {
  const full = join(base, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, text)
  return full
}

async function* pagesOf(files: Iterable<StoredFile>, size = 3): AsyncGenerator<StoredFile[]> {
  const all = [...files]
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size)
}

interface Compared {
  readonly summary: WalkSummary
  readonly changed: readonly WalkedFile[]
}

/** Compares with what is stored, and stores what comes. */
async function compare(roots: readonly ModelRoot[] = [rootAt(base)]): Promise<Compared> {
  const changed: WalkedFile[] = []
  const onChanged = async (batch: readonly WalkedFile[]): Promise<void> => void changed.push(...batch)
  const summary = await threads.compare({ roots, stored: pagesOf(stored.values()), signal, onChanged })
  store(changed, summary.vanished)
  return { summary, changed }
}

function store(changed: readonly WalkedFile[], vanished: readonly string[]): void {
  for (const path of vanished) stored.delete(path)
  for (const file of changed) stored.set(file.path, file)
}

const paths = (files: readonly WalkedFile[]): string[] =>
  files.map(({ path }) => path.replace(`${base}/`, '')).toSorted()

describe('compare', () => {
  const changes: [what: string, change: () => void, changed: string[], vanished?: string[]][] = [
    ['nothing', () => {}, []],
    ['a picture', () => put('loras/a.png'), []],
    ['a new file', () => put('loras/new.safetensors'), ['loras/new.safetensors']],
    ['an edit in place', () => put('loras/a.safetensors', 'y'), ['loras/a.safetensors']],
    ['more bytes', () => appendFileSync(join(base, 'loras/a.safetensors'), 'y'), ['loras/a.safetensors']],
    ['an older time', () => utimesSync(join(base, 'loras/a.safetensors'), 5, 5), ['loras/a.safetensors']],
    ['other rights', () => chmodSync(join(base, 'loras/a.safetensors'), 0o600), ['loras/a.safetensors']],
    [
      'another name',
      () => renameSync(join(base, 'loras/a.safetensors'), join(base, 'loras/z.safetensors')),
      ['loras/z.safetensors'],
      ['loras/a.safetensors'],
    ],
    [
      'another folder',
      () => renameSync(join(base, 'loras'), join(base, 'vae')),
      ['vae/a.safetensors', 'vae/b.safetensors', 'vae/c-mid_1-vid_2.safetensors'],
      ['loras/a.safetensors', 'loras/b.safetensors', 'loras/c-mid_1-vid_2.safetensors'],
    ],
    ['a deletion', () => rmSync(join(base, 'loras/a.safetensors')), [], ['loras/a.safetensors']],
    ['a sidecar', () => put('loras/a.civitai.info', '{}'), ['loras/a.safetensors']],
    [
      "civitdl's folder",
      () => put('loras/extra_data-vid_2/model_dict-mid_1-vid_2.json'),
      ['loras/c-mid_1-vid_2.safetensors'],
    ],
    ['a link to it', () => symlinkSync('loras/a.safetensors', join(base, 'a.safetensors')), ['loras/a.safetensors']],
    // Another hard link changes the ctime too.
    [
      'a hard link to it',
      () => linkSync(join(base, 'loras/a.safetensors'), join(base, 'z.pt')),
      ['loras/a.safetensors'],
    ],
    ['the control file of aria2', () => put('loras/a.safetensors.aria2'), ['loras/a.safetensors']],
  ]
  test.each(changes)('%s', async (_what, change, changed, vanished = []) => {
    for (const name of ['a.safetensors', 'b.safetensors', 'c-mid_1-vid_2.safetensors']) put(`loras/${name}`)
    await compare()
    expect(stored.size).toBe(3)
    change()
    const seen = await compare()
    expect(paths(seen.changed)).toEqual(changed)
    expect(seen.summary.vanished.toSorted()).toEqual(vanished.map((path) => join(base, path)))
    expect(seen.summary.files).toBe(stored.size)
    expect(seen.summary.unchanged).toBe(stored.size - changed.length)
    const again = await compare()
    expect(again).toMatchObject({ changed: [], summary: { unchanged: stored.size, vanished: [] } })
  })

  test('a sidecar that is edited or removed', async () => {
    put('a.safetensors')
    const sidecar = put('a.metadata.json', '{}')
    await compare()
    writeFileSync(sidecar, '{"a":1}')
    expect(paths((await compare()).changed)).toEqual(['a.safetensors'])
    rmSync(sidecar)
    expect(paths((await compare()).changed)).toEqual(['a.safetensors'])
    expect((await compare()).changed).toEqual([])
  })

  test('a sidecar that is a link', async () => {
    symlinkSync(put('store/notes'), join(dirname(put('a/b.safetensors')), 'b.civitai.info'))
    await compare()
    put('store/notes', 'more')
    expect(paths((await compare()).changed)).toEqual(['a/b.safetensors'])
  })

  test('a sidecar beside another name of the file', async () => {
    symlinkSync(put('loras/a.safetensors'), join(dirname(put('more/b.safetensors')), 'a.safetensors'))
    await compare()
    const sidecar = put('more/a.civitai.info', '{}')
    expect(paths((await compare()).changed)).toEqual(['loras/a.safetensors'])
    writeFileSync(sidecar, '{"a":1}')
    expect(paths((await compare()).changed)).toEqual(['loras/a.safetensors'])
    expect((await compare()).changed).toEqual([])
  })

  test('a marker that goes', async () => {
    put('a.safetensors')
    const marker = put('a.safetensors.aria2')
    expect((await compare()).changed).toMatchObject([{ partial: true }])
    rmSync(marker)
    expect((await compare()).changed).toMatchObject([{ partial: false }])
  })

  test('the order of the roots and their types', async () => {
    const a = put('one/a.safetensors')
    symlinkSync(a, join(put('two/b.safetensors'), '../a.safetensors'))
    const roots = [rootAt(join(base, 'one')), rootAt(join(base, 'two'))]
    await compare(roots)
    expect((await compare(roots)).changed).toEqual([])
    expect((await compare(roots.toReversed())).changed).toMatchObject([{ path: a, root: join(base, 'two') }])
    expect((await compare(roots.map((root) => ({ ...root, type: 'vae' as const })))).changed).toHaveLength(2)
  })

  test('what lies below a folder that cannot be read has not vanished', async () => {
    put('one/a.safetensors')
    put('two/b.safetensors')
    const roots = [rootAt(join(base, 'one')), rootAt(join(base, 'two'))]
    await compare(roots)
    renameSync(join(base, 'one'), join(base, 'gone'))
    const { summary } = await compare(roots)
    expect(summary).toMatchObject({ files: 1, unchanged: 1, vanished: [] })
    expect(summary.unreadable).toEqual([{ path: join(base, 'one'), reason: 'it is not there' }])
  })

  test('batches come one after another, thousands of vanished paths at once', async () => {
    for (let at = 0; at < 510; at += 1) put(`loras/${at}.pt`)
    const batches: number[] = []
    let running = 0
    const gone = Array.from({ length: 5_000 }, (_, at) => ({
      path: `/gone/\n${at}.pt`,
      sizeBytes: at,
      modifiedUs: 1.7e15,
      changedUs: 1.7e15,
      place: 2 ** 53 - 1,
    }))
    const summary = await threads.compare({
      roots: [rootAt(base)],
      stored: pagesOf(gone, 4_500),
      signal,
      async onChanged(batch) {
        running += 1
        expect(running).toBe(1)
        batches.push(batch.length)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
      },
    })
    expect(batches).toEqual([500, 10])
    expect(summary.vanished.toSorted()).toEqual(gone.map(({ path }) => path).toSorted())
  })

  test('comparisons at the same time take their turns', async () => {
    put('one/a.safetensors')
    put('two/b.safetensors')
    const both = await Promise.all(['one', 'two'].map((name) => compare([rootAt(join(base, name))])))
    expect(both.map(({ changed }) => paths(changed))).toEqual([['one/a.safetensors'], ['two/b.safetensors']])
  })
})

describe('compareFolders', () => {
  async function compareFolders(...folders: readonly string[]): Promise<Compared | undefined> {
    const listed = folders.map((folder) => join(base, folder))
    const below = [...stored.values()].filter(({ path }) => listed.some((folder) => path.startsWith(`${folder}/`)))
    const changed: WalkedFile[] = []
    const summary = await threads.compareFolders({
      roots: [rootAt(base)],
      folders: listed,
      stored: pagesOf(below),
      signal,
      onChanged: async (batch) => void changed.push(...batch),
    })
    if (summary === undefined) {
      expect(changed).toEqual([])
      return undefined
    }
    store(changed, summary.vanished)
    return { summary, changed }
  }

  test('tells what changed in them, as a comparison of everything would', async () => {
    put('loras/a/x.safetensors')
    put('loras/b/y.safetensors')
    await compare()
    put('loras/a/x.safetensors', 'longer')
    put('loras/a/new/z.safetensors')
    put('loras/b/unseen.safetensors')
    expect(paths((await compareFolders('loras/a'))?.changed ?? [])).toEqual([
      'loras/a/new/z.safetensors',
      'loras/a/x.safetensors',
    ])
    rmSync(join(base, 'loras/a'), { recursive: true })
    const gone = await compareFolders('loras/a', 'loras/a/new')
    expect(gone?.summary).toMatchObject({ files: 0, unreadable: [] })
    expect(gone?.summary.vanished).toHaveLength(2)
    const all = await compare()
    expect(paths(all.changed)).toEqual(['loras/b/unseen.safetensors'])
    expect(all.summary.vanished).toEqual([])
  })

  const entangled: [what: string, prepare: () => void, after?: () => void][] = [
    ['nothing was compared before', () => {}],
    ['the folder is a root', () => {}],
    ['a symlink was there', () => symlinkSync('../b/y.safetensors', join(base, 'a/y.safetensors'))],
    ['a symlink leads there', () => symlinkSync('../a/x.safetensors', join(base, 'b/x.safetensors'))],
    ['a linked folder leads there', () => symlinkSync('a', join(base, 'c'))],
    ['a hard link was there', () => linkSync(join(base, 'a/x.safetensors'), join(base, 'b/x.safetensors'))],
    ['a symlink is new', () => {}, () => symlinkSync('../b/y.safetensors', join(base, 'a/y.safetensors'))],
    ['a linked folder is new', () => {}, () => symlinkSync('../b', join(base, 'a/c'))],
    ['a hard link is new', () => {}, () => linkSync(join(base, 'b/y.safetensors'), join(base, 'a/y.safetensors'))],
    [
      'the folder is a link now',
      () => {},
      () => {
        renameSync(join(base, 'a'), join(base, 'was-a'))
        symlinkSync('was-a', join(base, 'a'))
      },
    ],
  ]
  test.each(entangled)('asks for everything where %s', async (what, prepare, after) => {
    put('a/x.safetensors')
    put('b/y.safetensors')
    prepare()
    if (what !== 'nothing was compared before') await compare()
    after?.()
    expect(await compareFolders(what === 'the folder is a root' ? '' : 'a')).toBeUndefined()
    await compare()
  })

  test('a folder of the Hugging Face cache', async () => {
    put('models--o--r/snapshots/main/a.safetensors')
    put('a/x.safetensors')
    await compare()
    expect(await compareFolders('models--o--r/snapshots/main')).toBeUndefined()
    expect(await compareFolders('a')).toMatchObject({ changed: [] })
  })
})

describe('cancelling and crashing', () => {
  const roots = () => [rootAt(base)]
  const nothing = { stored: pagesOf([]), onChanged: async () => {} }

  test('a signal that is aborted already', async () => {
    const reason = new Error('no')
    const options = { ...nothing, roots: roots(), signal: AbortSignal.abort(reason) }
    expect(await rejection(threads.compare(options))).toBe(reason)
    expect(await rejection(threads.compareFolders({ ...options, folders: [base] }))).toBe(reason)
    expect(await rejection(threads.inspect([request('a')], options.signal))).toBe(reason)
  })

  test('in the middle of the walk, of the pages, of the batches: the next comparison is whole', async () => {
    for (let at = 0; at < 300; at += 1) put(`${at % 50}/${at}.pt`)
    for (const when of ['at once', 'pages', 'batch'] as const) {
      const abort = new AbortController()
      const reason = new Error(when)
      let batches = 0
      const comparing = threads.compare({
        roots: roots(),
        signal: abort.signal,
        stored: (async function* () {
          if (when === 'pages') abort.abort(reason)
          yield [{ path: '/a', sizeBytes: 0, modifiedUs: 0, changedUs: 0, place: 0 }]
        })(),
        async onChanged() {
          batches += 1
          if (when === 'batch') abort.abort(reason)
        },
      })
      if (when === 'at once') setImmediate(() => abort.abort(reason))
      expect(await rejection(comparing)).toBe(reason)
      expect(batches).toBeLessThanOrEqual(1)
    }
    expect((await compare()).changed).toHaveLength(300)
  })

  test('what fails in the callbacks is handed on, and the next comparison is whole', async () => {
    put('a.pt')
    const planted = new Error('planted')
    const fails = async (): Promise<never> => {
      throw planted
    }
    expect(await rejection(threads.compare({ ...nothing, roots: roots(), signal, onChanged: fails }))).toBe(planted)
    async function* stored(): AsyncGenerator<StoredFile[]> {
      yield []
      throw planted
    }
    expect(await rejection(threads.compare({ ...nothing, roots: roots(), signal, stored: stored() }))).toBe(planted)
    expect((await compare()).changed).toHaveLength(1)
  })

  test('a worker that dies rejects, and the next call has a new one', async () => {
    put('a.pt')
    const faulty = createModelThreads({ workerUrl: new URL('./faulty-worker.ts', import.meta.url) })
    for (const [path, message] of [
      ['exit', 'The worker that reads model folders stopped with code 3'],
      ['throw', 'Walking failed inside its worker'],
      ['crash', 'The worker that reads model folders failed'],
    ] as const) {
      const comparing = faulty.compare({ ...nothing, roots: [rootAt(path)], signal, stored: pagesOf([]) })
      const error = await rejection(
        comparing.then(() => faulty.compare({ ...nothing, roots: [rootAt('throw')], signal })),
      )
      expect(error).toMatchObject({ code: 'internal' })
      if (path !== 'crash') expect(error).toMatchObject({ message })
    }
    const good = await faulty.compare({ ...nothing, roots: roots(), signal, stored: pagesOf([]) })
    expect(good.files).toBe(1)
    await faulty.close()
  })

  test('a worker that is not there', async () => {
    const absent = createModelThreads({ workerUrl: new URL('./absent.ts', import.meta.url) })
    expect(await rejection(absent.compare({ ...nothing, roots: roots(), signal }))).toMatchObject({ code: 'internal' })
    await absent.close()
  })

  test('after close', async () => {
    const closed = createModelThreads()
    await closed.close()
    expect(await rejection(closed.compare({ ...nothing, roots: roots(), signal }))).toMatchObject({ code: 'cancelled' })
    expect(await rejection(closed.inspect([request('a')], signal))).toMatchObject({ code: 'cancelled' })
  })
})

function request(path: string): InspectRequest {
  const info = statSync(path, { throwIfNoEntry: false, bigint: true })
  return {
    path,
    listedPath: path,
    partial: false,
    sizeBytes: Number(info?.size ?? 0n),
    modifiedUs: Number((info?.mtimeNs ?? 0n) / 1000n),
    sample: false,
  }
}

test('idle threads do not keep the process alive', () => {
  put('a.pt')
  const { status, stdout } = spawnSync(process.execPath, [join(import.meta.dir, 'print-idle.ts'), base], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect({ status, stdout }).toEqual({ status: 0, stdout: '1 files' })
})

describe('inspect', () => {
  test('answers in the order of the requests, a few files to a message', async () => {
    const faulty = createModelThreads({ workerUrl: new URL('./faulty-worker.ts', import.meta.url) })
    const names = Array.from({ length: 100 }, (_, at) => `${at}`)
    const inspected = await faulty.inspect(names.map(request), signal)
    expect(inspected.map(({ path }) => path)).toEqual(names)
    expect(Math.max(...inspected.map(({ claims }) => Number(claims.at_once)))).toBeLessThanOrEqual(16)
    expect(await rejection(faulty.inspect([request('crash')], signal))).toMatchObject({ code: 'internal' })
    expect(await faulty.inspect([], signal)).toEqual([])
    await faulty.close()
  })

  test('the real worker reads files', async () => {
    const path = put('a.safetensors', '<!DOCTYPE html><html></html>')
    expect(await threads.inspect([request(path), request(join(base, 'gone.pt'))], signal)).toMatchObject([
      { path, state: 'html' },
      { path: join(base, 'gone.pt'), state: 'unreadable' },
    ])
  })
})
