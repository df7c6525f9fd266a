import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { fixtures } from '../../scripts/fixtures/build.ts'
import { mutate, randomOf } from '../../scripts/fuzz/mutate.ts'
import { type FuzzOptions, type FuzzReport, fuzz } from '../../scripts/fuzz/run.ts'
import { inputOf, type Target } from '../../scripts/fuzz/worker.ts'
import { projectDir } from '../support/project-files.ts'
import { MARK } from './planted-reader.ts'

const bytesOf = (path: string): Uint8Array =>
  fixtures.find((fixture) => fixture.path === path)?.bytes ?? new Uint8Array(0)

const own: readonly Target[] = ['pictures/harbor.png', 'videos/mp4-last/comfyui.mp4'].map((path) => ({
  path,
  bytes: bytesOf(path),
}))
const readerUrl = new URL('./planted-reader.ts', import.meta.url).href

const run = (targets: readonly Target[], more: Partial<FuzzOptions> = {}): Promise<FuzzReport> =>
  fuzz({ targets, pool: targets.map(({ bytes }) => bytes), rounds: 60, seed: 7, threads: 2, ...more })

const planted = (letter: string): Target => ({
  path: `planted ${letter}`,
  bytes: Buffer.from(`${MARK}${letter}`.padEnd(64, '.')),
})

test('damaged copies of two fixtures are read without a failure', async () => {
  const { inputs, failures, slowest } = await run(own)
  expect({ inputs, failures }).toEqual({ inputs: 120, failures: [] })
  expect(slowest.milliseconds).toBeGreaterThan(0)
})

describe('planted defects are reported', () => {
  test('a crash, by the number of the mutation that makes it', async () => {
    const target = planted('T')
    const [failure] = (await run([target], { readerUrl })).failures
    expect(failure).toMatchObject({ path: 'planted T', reason: expect.stringContaining('a planted crash') })
    const number = failure?.number ?? 0
    expect(number).toBeGreaterThan(0)
    const inputAt = (at: number): Uint8Array => inputOf(target, [target.bytes], 7, at).bytes
    expect(inputAt(number).length).toBeLessThan(60)
    expect(inputAt(number)).toEqual(inputAt(number))
    expect((await run([target], { readerUrl, threads: 1 })).failures).toEqual([
      failure ?? { path: '', number, reason: '' },
    ])
  })

  test.each([
    ['H', 'it was not read within 1500 ms'],
    ['N', 'its answer has a wrong shape: generation.steps'],
    ['B', 'its answer cannot be sent'],
    ['X', 'its thread ended'],
  ])('%s: %s', async (letter, reason) => {
    const { failures } = await run([planted(letter), ...own], { readerUrl, hangMs: 1500 })
    expect(failures).toEqual([{ path: `planted ${letter}`, number: 0, reason: expect.stringContaining(reason) }])
  })

  test('growth', async () => {
    const { failures } = await run([planted('.')], { mostGrowthBytes: -1 })
    expect(failures.map(({ path }) => path)).toEqual(['all'])
  })
})

test('mutations are other bytes, of bounded length, and the same for the same numbers', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, number) => {
      const before = Uint8Array.from(bytes)
      const once = mutate(bytes, [bytes, Buffer.from('other')], randomOf({ seed: 1, path: 'x', number }))
      expect(mutate(bytes, [bytes, Buffer.from('other')], randomOf({ seed: 1, path: 'x', number }))).toEqual(once)
      expect(once.length).toBeLessThanOrEqual(256 * 1024)
      expect(bytes).toEqual(before)
    }),
  )
  const made = Array.from({ length: 50 }, (_, number) =>
    Buffer.from(
      mutate(bytesOf('pictures/harbor.png'), [Buffer.from('other')], randomOf({ seed: 1, path: 'x', number })),
    ).toString('latin1'),
  )
  expect(new Set(made).size).toBe(50)
})

describe('the script', () => {
  const script = (...args: readonly string[]) => {
    const { exitCode, stdout } = Bun.spawnSync([process.execPath, 'scripts/fuzz.ts', ...args], { cwd: projectDir })
    return { exitCode, lines: stdout.toString().trimEnd().split('\n') }
  }

  test('says in one line what it did', () => {
    const { exitCode, lines } = script('--rounds', '20', '--seed', '3', '--only', 'pictures/harbor.png')
    expect(exitCode).toBe(0)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(
      /^20 damaged copies of 1 files in \d+ s, seed 3: 0 failures, slowest \d+ ms \(pictures\/harbor\.png, \d+\), memory grew/,
    )
  })

  test('reads one mutation again, and keeps it', async () => {
    const { exitCode, lines } = script('--seed', '3', '--only', 'pictures/harbor.png', '--at', '0')
    expect(exitCode).toBe(0)
    expect(lines[0]).toMatch(/^pictures\/harbor\.png, mutation 0, read as \w+ in \d+ ms: fine$/)
    const path = lines[1]?.replace('  kept as ', '') ?? ''
    expect(existsSync(path)).toBe(true)
    expect(readFileSync(path).equals(readFileSync(join(projectDir, 'fixtures/pictures/harbor.png')))).toBe(true)
    await rm(dirname(path), { recursive: true })
  })
})
