/**
 * `bun scripts/fuzz.ts [--rounds 10000] [--seed N] [--only path] [--at N]`: reads damaged copies of every fixture. It ends
 * with 1 where reading one throws, hangs, takes more than 2 s, makes the process grow without end, or answers what no
 * answer may be. A failure names seed, fixture and number: `--seed S --only PATH --at NUMBER` reads that one again.
 */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { readPrompt } from '../src/import/read/read-prompt.ts'
import { fixtures } from './fixtures/build.ts'
import { judge } from './fuzz/judge.ts'
import { fuzz } from './fuzz/run.ts'
import { inputOf, type Target } from './fuzz/worker.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', default: '' },
    at: { type: 'string' },
  },
})
const [rounds, seed] = [Number(values.rounds), Number(values.seed)]
if (!(rounds >= 1) || !Number.isSafeInteger(seed)) throw new RangeError('rounds and seed are whole numbers')

const foreign = join(import.meta.dirname, '../fixtures/foreign')
const all: readonly Target[] = [
  ...fixtures.flatMap(({ path, bytes, beside = new Map<string, Uint8Array>() }) => [
    { path, bytes },
    ...Array.from(beside, ([other, content]) => ({ path: other, bytes: content })),
  ]),
  ...readdirSync(foreign)
    .filter((name) => !name.endsWith('.md'))
    .map((name) => ({ path: `foreign/${name}`, bytes: readFileSync(join(foreign, name)) })),
]
const targets = all.filter(({ path }) => path.includes(values.only))
const pool = all.map(({ bytes }) => bytes)
if (targets.length === 0) throw new Error(`No fixture has ${values.only} in its path`)

const say = (text: string): void => void process.stdout.write(`${text}\n`)

function keep(target: Target, number: number, folder: string): string {
  const path = join(folder, `${number}-${basename(target.path)}`)
  writeFileSync(path, inputOf(target, pool, seed, number).bytes)
  return path
}

if (values.at === undefined) {
  const report = await fuzz({ targets, pool, rounds, seed, threads: availableParallelism() })
  const { inputs, seconds, slowest, grownBytes, failures } = report
  const folder = failures.length === 0 ? '' : mkdtempSync(join(tmpdir(), 'airkeep-fuzz-'))
  for (const { path, number, reason } of failures) {
    say(`${path}, mutation ${number} of seed ${seed}: ${reason}`)
    const target = targets.find((each) => each.path === path)
    if (target !== undefined) say(`  kept as ${keep(target, number, folder)}`)
  }
  say(
    `${inputs} damaged copies of ${targets.length} files in ${Math.round(seconds)} s, seed ${seed}: ${failures.length} failures, ` +
      `slowest ${Math.round(slowest.milliseconds)} ms (${slowest.path}, ${slowest.number}), memory grew by up to ${Math.round(grownBytes / 2 ** 20)} MiB`,
  )
  process.exitCode = failures.length === 0 ? 0 : 1
} else {
  const [target] = targets
  if (target === undefined) throw new Error('There is nothing to read')
  const input = inputOf(target, pool, seed, Number(values.at))
  const { milliseconds, failure } = judge(readPrompt, { ...input, thorough: true })
  const path = keep(target, Number(values.at), mkdtempSync(join(tmpdir(), 'airkeep-fuzz-')))
  say(
    `${target.path}, mutation ${values.at}, read as ${input.format} in ${Math.round(milliseconds)} ms: ${failure ?? 'fine'}`,
  )
  say(`  kept as ${path}`)
  process.exitCode = failure === undefined ? 0 : 1
}
