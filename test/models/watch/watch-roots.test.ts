import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { WatchTiming } from '../../../src/models/watch/messages.ts'
import { type Watching, watchRoots } from '../../../src/models/watch/watch-roots.ts'
import { needs, satisfied } from '../../support/requires.ts'
import { rootAt } from '../scan/walked.ts'
import { type Changes, collectChanges, collectLog } from './changes.ts'

const NEVER = 3_600_000
const FAST: WatchTiming = { quietMs: 5, longestMs: 50, rescanMs: NEVER, retryMs: NEVER, safetyMs: NEVER }

let base: string
let changes: Changes
let watching: Watching | undefined

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-watch-')))
  changes = collectChanges()
})
afterEach(async () => {
  await watching?.close()
  watching = undefined
  rmSync(base, { recursive: true, force: true })
})

function put(path: string): string {
  const full = join(base, path)
  mkdirSync(dirname(full), { recursive: true })
  writeFileSync(full, 'x')
  return full
}

const at = (path: string): string => join(base, path)

async function watchBase(timing: Partial<WatchTiming> = {}, path = base): Promise<Watching> {
  const { log } = collectLog()
  watching = watchRoots([rootAt(path)], { onChange: changes.onChange, log, timing: { ...FAST, ...timing } })
  await watching.ready
  return watching
}

describe('a folder that is watched', () => {
  const events: [what: string, change: () => void, folder: string][] = [
    ['a new file', () => put('loras/style/b.safetensors'), 'loras/style'],
    ['more bytes', () => appendFileSync(at('loras/a.safetensors'), 'x'), 'loras'],
    ['another name', () => renameSync(at('loras/a.safetensors'), at('loras/b.safetensors')), 'loras'],
    ['a deletion', () => rmSync(at('loras/a.safetensors')), 'loras'],
    ['a sidecar', () => put('loras/a.civitai.info'), 'loras'],
    ['a new link', () => symlinkSync('nowhere', at('loras/link')), 'loras'],
    ['new folders in each other', () => put('new/one/two/c.safetensors'), 'new'],
    ['a tree that is moved in', () => renameSync(`${base}-tree`, at('tree')), 'tree'],
    ['a folder that is moved out', () => renameSync(at('loras/style'), `${base}-out`), 'loras/style'],
    ['a folder that is removed', () => rmSync(at('loras/style'), { recursive: true }), 'loras/style'],
    ['a file in the root', () => put('top.safetensors'), ''],
  ]
  test.each(events)('%s', async (_what, change, folder) => {
    put('loras/a.safetensors')
    mkdirSync(at('loras/style'))
    mkdirSync(`${base}-tree/below`, { recursive: true })
    try {
      const { modeOf } = await watchBase()
      change()
      await changes.folder(folder === '' ? base : at(folder))
      expect(modeOf).toBeFunction()
    } finally {
      rmSync(`${base}-tree`, { recursive: true, force: true })
      rmSync(`${base}-out`, { recursive: true, force: true })
    }
  })

  test('what comes later into folders that are new or were moved in', async () => {
    mkdirSync(`${base}-tree/below`, { recursive: true })
    await watchBase()
    put('new/one/a.safetensors')
    await changes.folder(at('new'))
    put('new/one/b.safetensors')
    await changes.folder(at('new/one'))
    renameSync(`${base}-tree`, at('tree'))
    await changes.folder(at('tree'))
    put('tree/below/c.safetensors')
    await changes.folder(at('tree/below'))
  })

  test('a root that is a link, by its own path', async () => {
    mkdirSync(at('disk/loras'), { recursive: true })
    symlinkSync('disk', at('root'))
    await watchBase({}, at('root'))
    put('disk/loras/a.safetensors')
    await changes.folder(at('root/loras'))
  })

  test('a root that goes and comes back', async () => {
    mkdirSync(at('root'))
    const root = rootAt(at('root'))
    const { log, messages } = collectLog()
    const { onChange } = changes
    watching = watchRoots([root], { onChange, log, timing: { ...FAST, retryMs: 10 } })
    await watching.ready
    expect(watching.modeOf(root)).toBe('watch')
    renameSync(root.path, at('elsewhere'))
    await changes.folder(root.path)
    expect(watching.modeOf(root)).toBe('rescan')
    renameSync(at('elsewhere'), root.path)
    await changes.folder(root.path)
    expect(watching.modeOf(root)).toBe('watch')
    put('root/loras/a.safetensors')
    await changes.folder(at('root/loras'))
    expect(messages.map(({ text }) => text)).toEqual([
      'watching a model folder',
      'rescanning a model folder',
      'watching a model folder',
    ])
    expect(messages[1]?.fields).toEqual({ root: root.path, reason: 'it is not there' })
  })

  test('a root that another folder takes the place of', async () => {
    mkdirSync(at('root'))
    mkdirSync(at('other/loras'), { recursive: true })
    await watchBase({ retryMs: 10 }, at('root'))
    renameSync(at('root'), at('was-root'))
    renameSync(at('other'), at('root'))
    await changes.folder(at('root'))
    put('root/loras/a.safetensors')
    await changes.folder(at('root/loras'))
  })

  test('everything is looked at now and then', async () => {
    await watchBase({ retryMs: 5, safetyMs: 20 })
    await changes.folder(base)
    await changes.folder(base)
  })
})

describe('what cannot be watched', () => {
  test('a root that is missing is looked for, and watched when it is there', async () => {
    const { modeOf } = await watchBase({ retryMs: 10 }, at('later'))
    expect(modeOf(rootAt(at('later')))).toBe('rescan')
    mkdirSync(at('later/loras'), { recursive: true })
    await changes.folder(at('later'))
    put('later/loras/a.safetensors')
    await changes.folder(at('later/loras'))
  })

  test('a root that is a file', async () => {
    const { log, messages } = collectLog()
    const root = rootAt(put('file'))
    watching = watchRoots([root], { onChange: changes.onChange, log, timing: FAST })
    await watching.ready
    expect(watching.modeOf(root)).toBe('rescan')
    expect(messages).toMatchObject([{ fields: { reason: 'it is not a folder' } }])
  })

  test('a thread that dies is started again and again; nothing of it reaches the caller', async () => {
    const { log, messages } = collectLog()
    const root = rootAt(base)
    let died = (): void => {}
    const threeDeaths = new Promise<void>((resolve) => {
      died = () => {
        if (messages.length >= 3) resolve()
      }
    })
    const warn = (fields: object, text: string): void => {
      messages.push({ fields, text })
      died()
    }
    const workerUrl = new URL('./faulty-worker.ts', import.meta.url)
    const options = { onChange: changes.onChange, log: { ...log, warn }, timing: { ...FAST, retryMs: 1 }, workerUrl }
    watching = watchRoots([root], options)
    await watching.ready
    await threeDeaths
    expect(watching.modeOf(root)).toBe('rescan')
  })

  test('a callback that throws is logged, and the next change is told', async () => {
    mkdirSync(at('loras'))
    const { log, messages } = collectLog()
    let isFirst = true
    watching = watchRoots([rootAt(base)], {
      log,
      timing: FAST,
      onChange(root, folders) {
        changes.onChange(root, folders)
        if (!isFirst) return
        isFirst = false
        throw new Error('planted')
      },
    })
    await watching.ready
    put('loras/a.safetensors')
    await changes.folder(at('loras'))
    put('loras/b.safetensors')
    await changes.folder(at('loras'))
    expect(messages.map(({ text }) => text)).toContain('changes in a model folder were not taken')
  })

  const mayLimit = (): boolean => spawnSync('unshare', ['-U', '-r', 'true']).status === 0
  test.skipIf(!needs('unshare') || !satisfied(mayLimit(), 'the right to make user namespaces')).each([
    ['max_inotify_watches', 5, 'fs.inotify.max_user_watches'],
    ['max_inotify_instances', 0, 'fs.inotify.max_user_instances'],
  ])('where %s is %i the root is looked at at intervals', (limit, most, setting) => {
    for (let folder = 0; folder < 20; folder += 1) mkdirSync(at(`${folder}`))
    const script = join(import.meta.dir, 'print-mode.ts')
    const setLimit = `echo ${most} > /proc/sys/user/${limit} && exec "$@"`
    const args = ['-U', '-r', 'sh', '-c', setLimit, 'sh', process.execPath, script, base]
    const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({ mode: 'rescan', reason: expect.stringContaining(setting), changed: [base] })
  })
})

test('no roots, and a signal that is aborted already', async () => {
  const none = watchRoots([], { onChange: changes.onChange, log: collectLog().log })
  await none.ready
  await none.close()
  const options = { onChange: changes.onChange, log: collectLog().log, signal: AbortSignal.abort() }
  const aborted = watchRoots([rootAt(base)], options)
  await aborted.ready
  expect(aborted.modeOf(rootAt(base))).toBe('rescan')
})

test('the signal ends it; closing twice does no harm', async () => {
  const abort = new AbortController()
  const { log } = collectLog()
  const ended = watchRoots([rootAt(base)], { onChange: changes.onChange, log, timing: FAST, signal: abort.signal })
  abort.abort()
  await ended.ready
  await ended.close()
})

test('it does not keep the process alive', () => {
  const { status, stdout } = spawnSync(process.execPath, [join(import.meta.dir, 'print-ready.ts'), base], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'ready' })
})
