/** `npm run check`: the whole gate, cheapest first. Stops at the first step that fails, with a line on how to mend it. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isUnchangedBy } from './check/generated.ts'
import { run } from './check/run.ts'
import { smokeExecutable } from './check/smoke.ts'

interface Step {
  readonly name: string
  /** What to do when the step fails. */
  readonly mend: string
  /** Resolves to false when the step has failed and its output has said why. */
  check(): Promise<boolean>
}

const projectDir = dirname(import.meta.dirname)
process.chdir(projectDir)
const bin = (name: string): string => join(projectDir, 'node_modules/.bin', name)
const test = (...args: string[]): Promise<boolean> => run(process.execPath, 'test', '--timeout', '30000', ...args)

/** A step for committed files that a program writes: it must find nothing to change. Undefined until there is one. */
function generated(script: string, folder: string, command: readonly string[], mend: string): Step[] {
  if (!existsSync(script)) return []
  return [{ name: folder, mend, check: () => isUnchangedBy(command, folder) }]
}

const steps: readonly Step[] = [
  { name: 'format', mend: 'npm run format', check: () => run(bin('biome'), 'format', '.') },
  {
    name: 'lint',
    mend: 'node_modules/.bin/biome check --write . mends what it can; the rest by hand',
    check: () => run(bin('biome'), 'check', '--formatter-enabled=false', '--error-on-warnings', '.'),
  },
  { name: 'types', mend: 'mend the lines above; npm run types checks again', check: () => run(bin('tsc'), '--noEmit') },
  ...generated(
    'scripts/drizzle.config.ts',
    'drizzle',
    [bin('drizzle-kit'), 'generate', '--config', 'scripts/drizzle.config.ts'],
    'npm run db:generate, read the SQL, and commit it with the table',
  ),
  ...generated(
    'scripts/fixtures.ts',
    'fixtures',
    [process.execPath, 'scripts/fixtures.ts'],
    'bun scripts/fixtures.ts, read the difference, and commit it',
  ),
  {
    name: 'tests',
    mend: 'mend the first failure; bun test <its file> runs it alone',
    check: () => test('--path-ignore-patterns', 'test/gates/**', '--path-ignore-patterns', 'test/e2e/**'),
  },
  {
    name: 'gates',
    mend: 'each failure names a file and the house rule that it breaks',
    check: () => test('test/gates'),
  },
  { name: 'build', mend: 'mend the sources named above', check: () => run(process.execPath, 'scripts/build.ts') },
  {
    name: 'smoke',
    mend: 'dist/airkeep works from source but not alone: see test/e2e and scripts/build',
    check: async () => (await smokeExecutable(projectDir)) && (await test('test/e2e')),
  },
]

for (const { name, mend, check } of steps) {
  process.stdout.write(`check: ${name}\n`)
  const started = performance.now()
  const passed = await check()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (!passed) {
    process.stderr.write(`check: ${name} FAILED after ${seconds} s. To mend: ${mend}\n`)
    process.exit(1)
  }
  process.stdout.write(`check: ${name} ok, ${seconds} s\n`)
}
