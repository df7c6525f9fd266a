import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createPng, tEXt } from '../../scripts/fixtures/png-writer.ts'
import { createApp, createHasher } from '../../src/app.ts'
import type { CliParts } from '../../src/cli/app.ts'
import type { EndSignal } from '../../src/cli/outside.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { aBoundlessModelFile } from '../support/big-models.ts'
import { type CliResult, type CliWorld, runInProcess } from '../support/cli-run.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

/** `airkeep import` of several sources, over the program itself. */
const parts: CliParts = { createApp: async (config) => createApp(config), createHasher: async () => createHasher() }

let folder: TempDir
beforeEach(() => {
  folder = tempDir()
  mkdirSync(join(folder.path, 'models'))
})
afterEach(() => folder[Symbol.dispose]())

const run = (...argv: string[]): Promise<CliResult> => runIn({}, ...argv)
const runIn = (world: CliWorld, ...argv: string[]): Promise<CliResult> =>
  runInProcess(argv, {
    cwd: folder.path,
    parts,
    ...world,
    env: {
      AIRKEEP_DATA: join(folder.path, 'data'),
      AIRKEEP_MODELS: join(folder.path, 'models'),
      AIRKEEP_LOG: 'silent',
    },
  })

function put(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder.path, name)), { recursive: true })
  writeFileSync(join(folder.path, name), content)
}

const isPut = (name: string): boolean => existsSync(join(folder.path, name))

/** Needs no model, so that its job has everything. */
const aPicture = () => createPng({ before: [tEXt('parameters', 'a pier\nSteps: 20, Sampler: Euler, Seed: 1')] })

describe('exit code of several sources', () => {
  beforeEach(() => {
    put('renders/good.png', aPicture())
    put('renders/plain.png', createPng())
    put('plain/plain.png', createPng())
    put('cut/cut.png', createPng().subarray(0, 60))
  })
  const rows: readonly (readonly [why: string, given: readonly string[], exitCode: number])[] = [
    ['files of a folder without a prompt are no failure', ['renders'], 0],
    ['a folder without any prompt', ['plain'], 4],
    ['a damaged file', ['renders', 'cut'], 10],
    ['a file without a prompt that was named', ['renders', 'plain/plain.png'], 10],
    ['a file that is not there', ['renders/good.png', 'typo.png'], 10],
    ['nothing but files that are not there', ['typo.png', 'typo too.png'], 4],
  ]
  for (const more of [[], ['--dry-run']]) {
    test.each(rows)(`${more.join('')} %s`, async (_, given, exitCode) => {
      expect(await run('import', ...given, ...more)).toMatchObject({ exitCode })
    })
  }
  test('what was named and cannot be read is told, what lies in a folder is told in the summary', async () => {
    const { stdout, stderr } = await run('import', 'renders', 'cut', 'typo.png', '--dry-run')
    expect(stderr).toContain(`error: typo.png: ${join(folder.path, 'typo.png')} does not exist`)
    expect(stderr).not.toContain('cut.png')
    expect(stdout).toContain('failed: cut/cut.png')
  })
})

test('the name of a file takes one line', async () => {
  put('a\nb.png', createPng().subarray(0, 60))
  const { stdout, stderr } = await run('import', 'a\nb.png', 'renders', '--dry-run')
  expect(stderr).toContain('error: a\\u000ab.png: ')
  expect(stdout).toContain('failed: a\\u000ab.png: ')
})

test('a file URL names a file or a folder', async () => {
  put('renders/a pier.png', aPicture())
  const folderUrl = pathToFileURL(join(folder.path, 'renders')).href
  for (const url of [folderUrl, `${folderUrl}/a%20pier.png`]) {
    const { exitCode, stdout } = await run('import', url, '--dry-run')
    expect(stdout).toContain('a1111')
    expect(exitCode).toBe(0)
  }
  expect(await run('import', 'file://elsewhere/a.png', '--dry-run')).toMatchObject({ exitCode: 2 })
})

test('where no server answers, one error is enough', async () => {
  put('renders/one.png', aPicture())
  put('renders/two.png', aPicture())
  const { exitCode, stdout, stderr } = await run(
    ...['import', 'renders', '--dry-run', '--json', '--server', 'http://127.0.0.1:9'],
  )
  expect(exitCode).toBe(7)
  expect(stderr.match(/error:/g)).toHaveLength(1)
  expect(JSON.parse(stdout) as JsonObject).toMatchObject({ code: 'upstream_unavailable' })
})

describe('whoever ends it', () => {
  /** Sends the signal as soon as stderr says so. */
  async function interrupted([signal, when]: readonly [EndSignal, string], ...more: string[]): Promise<CliResult> {
    for (let at = 0; at < 20; at += 1) if (!isPut(`renders/${at}.png`)) put(`renders/${at}.png`, aPicture())
    let send: Parameters<NonNullable<CliWorld['onStart']>>[0] = () => {}
    const world: CliWorld = {
      terminal: 80,
      onStart(sender) {
        send = sender
      },
      onStderr(text) {
        if (text.includes(when)) send(signal)
      },
    }
    return runIn(world, 'import', 'renders', ...more)
  }
  const statuses = async (): Promise<string[]> => {
    const { items } = JSON.parse((await run('list-import-jobs', '--json')).stdout) as { items: JsonObject[] }
    return items.map(({ status }) => String(status))
  }

  test.each([[[]], [['--no-wait']]])('while jobs are being started cancels those %p', async (more) => {
    const { exitCode, stdout, stderr } = await interrupted(['SIGINT', ' of 20 files'], ...more)
    expect({ exitCode, stdout }).toEqual({ exitCode: 9, stdout: '' })
    const found = await statuses()
    expect(new Set(found)).toEqual(new Set(['cancelled']))
    expect(found).toHaveLength(1)
    expect(stderr).toContain('1 import cancelled\n')
  })

  test('while one is followed cancels all that are not through, and says nothing else of them', async () => {
    // Each waits until a large file is hashed.
    const parameters = 'a pier <lora:far:1>\nSteps: 20, Sampler: Euler, Seed: 1, Lora hashes: "far: 0123456789ab"'
    for (let at = 0; at < 20; at += 1) {
      put(`renders/${at}.png`, createPng({ before: [tEXt('parameters', parameters)] }))
    }
    aBoundlessModelFile(folder.path, 'models/loras/far.safetensors')
    // The line is cut where the terminal ends.
    const { exitCode, stderr } = await interrupted(['SIGINT', 'resol'])
    expect(exitCode).toBe(9)
    const found = await statuses()
    expect(found).toHaveLength(20)
    const cancelled = found.filter((status) => status === 'cancelled').length
    expect(found.filter((status) => status === 'completed')).toHaveLength(20 - cancelled)
    expect(stderr).toContain(`${cancelled} imports cancelled\n`)
    expect(stderr).not.toContain('put back')
  })

  test('by anything but Ctrl-C is told that they go on', async () => {
    const { exitCode, stderr } = await interrupted(['SIGTERM', ' of 20 files'])
    expect(exitCode).toBe(9)
    const { length } = await statuses()
    expect(stderr).toContain(`imports that were begun go on with the next airkeep serve, import or scan: ${length};`)
  })
})
