import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { digestLines } from '../../src/cli/digest-lines.ts'
import { type CliProcess, spawnCli } from '../support/cli-process.ts'
import { runInProcess } from '../support/cli-run.ts'
import { descendantsOf } from '../support/processes.ts'
import { needs } from '../support/requires.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

let folder: TempDir
beforeAll(() => {
  folder = tempDir()
  mkdirSync(join(folder.path, 'dir'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder.path, name), content)
})
afterAll(() => folder[Symbol.dispose]())

const files: Record<string, string | Uint8Array> = {
  empty: '',
  a: 'a',
  ' space ': 'b',
  'new\nline': 'c',
  'carriage\rreturn': 'd',
  'back\\slash': 'e',
  'ünï\u{1f600}': 'f',
  '-dash': 'g',
  large: new Uint8Array(3_000_000).fill(7),
  'x.safetensors': safetensors(),
}

const run = (argv: readonly string[], stdin: string | Uint8Array = '') =>
  runInProcess(['hash', ...argv], { cwd: folder.path, stdin, env: { AIRKEEP_DATA: join(folder.path, 'data') } })

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')

describe.each([['native'], ['wasm']])('hash --engine %s', (engine) => {
  test.skipIf(!needs('sha256sum'))('prints what sha256sum prints, in the same order', async () => {
    const names = Object.keys(files)
    const theirs = Bun.spawnSync(['sha256sum', '--', ...names], { cwd: folder.path })
    const ours = await run(['--engine', engine, '--', ...names])
    expect(ours).toEqual({ exitCode: 0, stdout: theirs.stdout.toString(), stderr: '' })
  })

  test('of stdin', async () => {
    const ours = await run(['--engine', engine, '-'], 'some text')
    expect(ours).toEqual({ exitCode: 0, stdout: `${sha256('some text')}  -\n`, stderr: '' })
  })
})

describe('hash', () => {
  test('files alone open no data directory', async () => {
    await run(['a'])
    expect(readdirSync(folder.path)).not.toContain('data')
  })

  test('goes on after what cannot be hashed', async () => {
    const { exitCode, stdout, stderr } = await run(['dir', 'a', 'gone', '', 'empty'])
    expect(stdout).toBe(`${sha256('a')}  a\n${sha256('')}  empty\n`)
    expect(stderr).toBe(
      [
        'error: Cannot hash dir: it is a folder',
        'error: Cannot hash gone: there is no such file',
        'error: Cannot hash : there is no such file',
        '',
      ].join('\n'),
    )
    expect(exitCode).toBe(10)
  })

  test.each([
    [['gone'], 4],
    [['dir'], 2],
    [['gone', 'also-gone'], 4],
    [['gone', 'dir'], 10],
    [['/dev/zero'], 2],
  ])('%j ends with %i', async (argv, exitCode) => {
    expect((await run(argv)).exitCode).toBe(exitCode)
  })

  test('--json is one document', async () => {
    const { stdout, exitCode } = await run(['a', 'gone', '--json'])
    expect(JSON.parse(stdout)).toEqual({
      items: [
        { path: 'a', sha256sum: sha256('a'), size_bytes: 1 },
        { path: 'gone', error: expect.objectContaining({ code: 'not_found', status: 404 }) },
      ],
      count: 2,
    })
    expect(exitCode).toBe(10)
  })

  test('--all names every digest that the file has', async () => {
    const data = files['x.safetensors'] as Uint8Array
    const tensor = sha256(data.subarray(8 + 64))
    const { stdout } = await run(['--all', 'x.safetensors', 'a'])
    expect(stdout).toBe(
      [
        `sha256         ${sha256(data)}  x.safetensors`,
        `tensor_sha256  ${tensor}  x.safetensors`,
        `auto_v1        ${sha256(data.subarray(0x100000, 0x110000)).slice(0, 8)}  x.safetensors`,
        `auto_v2        ${sha256(data).slice(0, 10)}  x.safetensors`,
        `auto_v3        ${tensor.slice(0, 12)}  x.safetensors`,
        `sha256         ${sha256('a')}  a`,
        `auto_v2        ${sha256('a').slice(0, 10)}  a`,
        '',
      ].join('\n'),
    )
  })

  test('more files than are read at once stay in order', async () => {
    const names = Array.from({ length: 60 }, (_, at) => ['large', 'a', 'empty', ' space '][at % 4] ?? '')
    const { stdout } = await run(names)
    expect(stdout.split('\n').map((line) => line.slice(66))).toEqual([...names, ''])
  })

  test('progress on a terminal is taken away before each line', async () => {
    const { stdout, stderr } = await runInProcess(['hash', 'large', 'a'], { cwd: folder.path, terminal: 80 })
    expect(stdout).toBe(`${sha256(files.large ?? '')}  large\n${sha256('a')}  a\n`)
    const [before, drawn = '', after] = stderr.split('\r\x1b[K')
    expect([before, after]).toEqual(['', ''])
    expect(drawn).toMatch(/^\[#* *\] +\d+ % .* of 2\.9 MiB (?:large|a)$/)
  })
})

describe('hash as a process', () => {
  test('Ctrl-C leaves nothing running and prints nothing more', async () => {
    const endless = join(folder.path, 'sparse')
    const fd = openSync(endless, 'w')
    ftruncateSync(fd, 2 ** 40)
    closeSync(fd)
    await using child = spawnCli(join(folder.path, 'data'), ['hash', endless, endless])
    await hashing(child)
    child.kill('SIGINT')
    expect(await child.exited).toBe(9)
    expect(child.stdout() + child.stderr()).toBe('')
    expect(descendantsOf(child.pid)).toEqual([])
  })

  test('Ctrl-C ends a wait for stdin', async () => {
    await using child = spawnCli(join(folder.path, 'data'), ['hash', join(folder.path, 'a'), '-'])
    await child.prints('stdout', /\n/)
    child.kill('SIGINT')
    expect(await child.exited).toBe(9)
  })

  test('a reader that goes away ends it quietly', async () => {
    const names = Array.from({ length: 3000 }, () => 'a')
    const main = join(import.meta.dirname, '../support/cli-main.ts')
    const shell = Bun.spawnSync(
      ['bash', '-c', '"$@" | head -1; echo "$PIPESTATUS"', 'bash', process.execPath, main, 'hash', ...names],
      { cwd: folder.path, env: { PATH: process.env.PATH ?? '' } },
    )
    expect(shell.stderr.toString()).toBe('')
    expect(shell.stdout.toString()).toBe(`${sha256('a')}  a\n141\n`)
  })
})

test('a name on the line is read back as the name', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const line = digestLines(name, { sha256: 'ab'.repeat(32), sizeBytes: 0 }, false)
      const escaped = line.startsWith('\\')
      const written = line.slice(escaped ? 1 : 0).slice(66, -1)
      expect(line.trimEnd().split('\n')).toHaveLength(1)
      const letters: Record<string, string> = { n: '\n', r: '\r', '\\': '\\' }
      const read = escaped ? written.replace(/\\([nr\\])/g, (_, letter: string) => letters[letter] ?? '') : written
      expect(read).toBe(name)
    }),
  )
})

/** Its worker has begun to read: the process has used more time than its start takes. */
async function hashing(child: CliProcess): Promise<void> {
  const ticks = async (): Promise<number> => {
    const fields = (await Bun.file(`/proc/${child.pid}/stat`).text()).split(') ')[1]?.split(' ') ?? []
    return Number(fields[11]) + Number(fields[12])
  }
  while ((await ticks()) < 60) await new Promise((resolve) => setImmediate(resolve))
}

function safetensors(): Uint8Array {
  const data = new Uint8Array(1_200_000).fill(3)
  const header = JSON.stringify({ w: { dtype: 'U8', shape: [data.length], data_offsets: [0, data.length] } }).padEnd(64)
  const bytes = new Uint8Array(8 + 64 + data.length)
  new DataView(bytes.buffer).setBigUint64(0, 64n, true)
  bytes.set(new TextEncoder().encode(header), 8)
  bytes.set(data, 72)
  return bytes
}
