import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { YAML } from 'bun'
import * as v from 'valibot'
import { runIn } from '../support/command.ts'
import { projectDir } from '../support/project-files.ts'
import { tempDir } from '../support/temp-dir.ts'

/** The two sets of requirements, each spoken as its revision speaks: with a handshake, and without. */
export const REVISIONS = ['2025-11-25', '2026-07-28'] as const
export type Revision = (typeof REVISIONS)[number]

const packageDir = join(projectDir, 'node_modules/@modelcontextprotocol/conformance')

const requirementsSchema = v.object({
  server: v.array(v.string()),
  not_scored: v.array(v.object({ scenario: v.string(), leg: v.string() })),
})

/** Every scenario for servers that the suite runs for a revision, also those that it does not score. */
export function scenariosOf(revision: Revision): readonly string[] {
  const text = readFileSync(join(packageDir, `requirements/${revision}.yaml`), 'utf8')
  const { server, not_scored } = v.parse(requirementsSchema, YAML.parse(text))
  return [...server, ...not_scored.filter(({ leg }) => leg === 'server').map(({ scenario }) => scenario)]
}

/** What is known to fail: scenario -> its checks, or `all` for one that is not offered as a whole. */
export type Baseline = ReadonlyMap<string, ReadonlySet<string> | 'all'>

export const baselinePath = (name: string): string => join(import.meta.dirname, 'baseline', `${name}.yml`)

/** @throws Error for an entry without a reason */
export function readBaseline(path: string): Baseline {
  const baseline = new Map<string, Set<string> | 'all'>()
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line === '' || line === 'server:' || line === 'server: []' || line.startsWith('#')) continue
    const [, scenario, check] = /^ {2}- ([\w-]+)(?::(\S+))? # .{15,}$/.exec(line) ?? []
    if (scenario === undefined) throw new Error(`${path}: an entry is "  - scenario:check # reason", not "${line}"`)
    if (check === undefined) baseline.set(scenario, 'all')
    else {
      const checks = baseline.get(scenario) ?? new Set()
      if (checks !== 'all') baseline.set(scenario, checks.add(check))
    }
  }
  return baseline
}

const checksSchema = v.array(v.object({ id: v.string(), status: v.string(), errorMessage: v.optional(v.string()) }))
export type Check = v.InferOutput<typeof checksSchema>[number]

export interface SuiteRun {
  readonly exitCode: number
  readonly output: string
  readonly checks: ReadonlyMap<string, readonly Check[]>
}

/** Runs the official suite against a server that listens. What it writes goes to a folder that is gone afterwards. */
export async function runSuite(url: string, revision: Revision, baseline: string): Promise<SuiteRun> {
  using folder = tempDir()
  const results = join(folder.path, 'results')
  mkdirSync(results)
  const command = [
    ...[process.execPath, '--bun', join(packageDir, 'dist/index.js'), 'server', '--url', `${url}/mcp`],
    ...['--requirements', revision, '--expected-failures', baseline, '-o', results],
  ]
  const { exitCode, stdout, stderr } = await runIn(folder.path, command)
  return { exitCode, output: stdout + stderr, checks: readResults(results) }
}

/** One folder for each scenario, named `server-<scenario>-<time>`. */
function readResults(folder: string): Map<string, readonly Check[]> {
  const checks = new Map<string, readonly Check[]>()
  for (const name of readdirSync(folder)) {
    const scenario = /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/.exec(name)?.[1] ?? name
    const text = readFileSync(join(folder, name, 'checks.json'), 'utf8')
    checks.set(scenario, v.parse(checksSchema, JSON.parse(text)))
  }
  return checks
}

/** Checks that did not pass, each once; a warning counts, as it does for the suite when it has a baseline. */
export const failuresOf = (checks: readonly Check[]): string[] =>
  [...new Set(checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING').map(({ id }) => id))].sort()
