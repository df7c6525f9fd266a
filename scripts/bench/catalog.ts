/**
 * How long 10,000 pages of a catalog take to be read from disk, parsed and judged: `bun scripts/bench/catalog.ts
 * [--pages N] [--threads N]` (wanted under 4 s on 2 cores). Prints each round, by threads and, for comparison, in one.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { classify } from '../../src/catalog/classify.ts'
import { readPageBytes } from '../../src/catalog/page.ts'
import { noteDuplicates } from '../../src/catalog/page-report.ts'
import { createPageReader } from '../../src/catalog/read/page-reader.ts'
import { countPages } from '../../src/catalog/statistics.ts'
import { listPages } from '../../src/lib/page-folder.ts'
import { catalogPages } from '../fixtures/catalog/build.ts'

const { values } = parseArgs({ options: { pages: { type: 'string' }, threads: { type: 'string' } } })
const PAGES = Number(values.pages ?? 10_000)
const THREADS = Number(values.threads ?? Math.min(4, availableParallelism()))
const ROUNDS = 3
/** Words around the commands, as pages of people have them. */
const PROSE =
  '\nIt was made from two hundred pictures and likes plain words; long lists of praise do not help it at all.\n'.repeat(
    14,
  )

const dir = mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
const reader = createPageReader({ size: THREADS })
const { signal } = new AbortController()
try {
  let bytes = 0
  const contents: Buffer[] = []
  for (let at = 0; at < PAGES; at += 1) {
    const page = catalogPages[at % catalogPages.length]
    const content = Buffer.concat([page?.bytes ?? new Uint8Array(), Buffer.from(PROSE)])
    const folder = join(dir, `set-${at % 40}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `page-${at}.md`), content)
    contents.push(content)
    bytes += content.length
  }
  process.stdout.write(`${PAGES} pages of ${Math.round(bytes / PAGES)} bytes on average, ${THREADS} threads\n`)
  for (let round = 1; round <= ROUNDS; round += 1) {
    const start = performance.now()
    const { pages } = await listPages(dir, signal)
    const listed = performance.now()
    const requests = pages.flatMap(({ file_path, path }) => (path === undefined ? [] : [{ file_path, path }]))
    const reports = noteDuplicates(await reader.read(requests, signal))
    const { valid } = countPages(reports)
    const end = performance.now()
    process.stdout.write(
      `round ${round}: ${seconds(end - start)} in all, ${seconds(listed - start)} of it for the list; ${valid.count} valid\n`,
    )
  }
  const start = performance.now()
  for (const content of contents) classify(readPageBytes(content))
  process.stdout.write(`parsing and judging alone, in one thread: ${seconds(performance.now() - start)}\n`)
} finally {
  await reader.close()
  rmSync(dir, { recursive: true })
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
