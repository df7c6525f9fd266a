/** `npm run build [-- --target linux-arm64]`: dist/airkeep for this machine, or dist/airkeep-<target>. */
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { buildExecutable } from './build/executable.ts'
import { findTarget } from './build/targets.ts'

const projectDir = dirname(import.meta.dirname)
process.chdir(projectDir) // `compile.assets` is taken from, and embedded under, the path relative to here

try {
  const { values } = parseArgs({ options: { target: { type: 'string' } } })
  const target = findTarget(values.target)
  const outFile = join(projectDir, 'dist', values.target === undefined ? 'airkeep' : `airkeep-${target.name}`)
  const started = performance.now()
  const { path, sizeBytes } = await buildExecutable(projectDir, outFile, target)
  const seconds = (performance.now() - started) / 1000
  process.stdout.write(`${relative(projectDir, path)}  ${(sizeBytes / 1e6).toFixed(1)} MB  ${seconds.toFixed(1)} s\n`)
} catch (error) {
  const causes = error instanceof AggregateError ? error.errors : [error]
  for (const cause of causes) process.stderr.write(`build: ${describe(cause)}\n`)
  process.exitCode = 1
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const position = 'position' in cause ? (cause as BuildMessage).position : null
  return position ? `${position.file}:${position.line}:${position.column}: ${cause.message}` : cause.message
}
