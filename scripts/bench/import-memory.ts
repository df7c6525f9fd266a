/**
 * Memory over many imports: `bun scripts/bench/import-memory.ts [--imports N]`. The executable serves; every fixture is
 * analysed in turn, nine dry runs to one job, and the resident memory is printed after each tenth of them.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inParallel } from '../../src/lib/in-parallel.ts'
import { openDescriptors, residentBytes } from '../soak/process.ts'
import { startServer } from './server.ts'

const { values } = parseArgs({ options: { imports: { type: 'string' } } })
const imports = Number(values.imports ?? 10_000)
const PARTS = 10
const AT_ONCE = 8

const fixtures = join(import.meta.dir, '../../fixtures')
const paths = readdirSync(fixtures, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !/expected\.json$|\.md$|\.safetensors$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
if (paths.length === 0) throw new Error('There are no fixtures: bun scripts/fixtures.ts')

const server = await startServer()
try {
  const mebibytes = (): string => `${Math.round(residentBytes(server.pid) / 2 ** 20)} MiB`
  const row = [`at start ${mebibytes()}`]
  for (let part = 0; part < PARTS; part += 1) {
    const each = Array.from({ length: imports / PARTS }, (_, at) => part * (imports / PARTS) + at)
    await inParallel(each, AT_ONCE, importOne)
    row.push(mebibytes())
  }
  process.stdout.write(
    `resident memory over ${imports} imports of ${paths.length} files: ${row.join(', ')}; ${openDescriptors(server.pid)} descriptors\n`,
  )
} finally {
  await server.stop()
}

async function importOne(at: number): Promise<void> {
  const path = paths[at % paths.length]
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/prompts/import`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path, dry_run: at % 10 !== 0 }),
  })
  const answer: unknown = await response.json()
  // Bad fixtures are refused, and that is right.
  if (response.status >= 500) throw new Error(`${path}: ${JSON.stringify(answer)}`)
}
