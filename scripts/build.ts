/**
 * `npm run build`: dist/airkeep for this machine. `-- --target linux-arm64` (or several, or `all`): dist/airkeep-<target>
 * for other machines, with dist/SHA256SUMS. `-- --target node`: dist/node, for Node.
 */
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { writeChecksums } from './build/checksums.ts'
import { buildExecutable } from './build/executable.ts'
import { buildNodeBundle } from './build/node-bundle.ts'
import { crossTargets, findTarget, nativeTarget } from './build/targets.ts'

const projectDir = dirname(import.meta.dirname)
const dist = join(projectDir, 'dist')
process.chdir(projectDir) // `compile.assets` is taken from, and embedded under, the path relative to here

try {
  const { values } = parseArgs({ options: { target: { type: 'string', multiple: true, default: [] } } })
  await build(values.target)
} catch (error) {
  const causes = error instanceof AggregateError ? error.errors : [error]
  for (const cause of causes) process.stderr.write(`build: ${describe(cause)}\n`)
  process.exitCode = 1
}

async function build(names: readonly string[]): Promise<void> {
  if (names.length === 0) return report(() => buildExecutable(projectDir, join(dist, 'airkeep'), nativeTarget()))
  const targets = names.includes('all') ? crossTargets : names.filter((name) => name !== 'node').map(findTarget)
  if (names.includes('node')) await report(() => buildNodeBundle(projectDir, join(dist, 'node')))
  for (const target of targets) await report(() => buildExecutable(projectDir, join(dist, fileOf(target)), target))
  if (targets.length > 0) await writeChecksums(dist, crossTargets.map(fileOf))
}

function fileOf({ name }: { readonly name: string }): string {
  return `airkeep-${name}`
}

async function report(make: () => Promise<{ readonly path: string; readonly sizeBytes: number }>): Promise<void> {
  const started = performance.now()
  const { path, sizeBytes } = await make()
  const seconds = (performance.now() - started) / 1000
  process.stdout.write(`${relative(projectDir, path)}  ${(sizeBytes / 1e6).toFixed(1)} MB  ${seconds.toFixed(1)} s\n`)
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const position = 'position' in cause ? (cause as BuildMessage).position : null
  return position ? `${position.file}:${position.line}:${position.column}: ${cause.message}` : cause.message
}
