/**
 * How fast a scan sees that nothing has changed: `bun scripts/bench/rescan.ts [--files N] [--rounds N] [--binary PATH]`.
 * The executable against `find`, which only prints names, sizes and times. Then one file is edited, one renamed and one
 * deleted: the next scan has to see each.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BINARY } from './server.ts'
import { compare, timed } from './sides.ts'

const { values } = parseArgs({
  options: { files: { type: 'string' }, rounds: { type: 'string' }, binary: { type: 'string' } },
})
const count = Number(values.files ?? 100_000)
const rounds = Number(values.rounds ?? 6)
const binary = values.binary ?? BINARY
const PER_FOLDER = 500

const dir = mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
const models = join(dir, 'models')
const data = join(dir, 'data')
try {
  for (let at = 0; at < count; at += 1) modelFile(at)
  const first = await timed(async () => {
    const job = await scan()
    if (job.files_hashed !== count) throw new Error(`Hashed ${job.files_hashed} of ${count} files`)
  })
  process.stdout.write(`first scan of ${count} small files: ${first.toFixed(1)} s\n`)
  let memory = 0
  await compare({
    label: `rescan of ${count} unchanged files (1 / ratio is how many times find it takes)`,
    unit: 'files',
    amount: count,
    wanted: 1 / 3,
    rounds,
    ours: () =>
      timed(async () => {
        const job = await scan()
        memory = Math.max(memory, job.rss)
        if (job.unchanged !== count) throw new Error(`${job.unchanged} of ${count} files are unchanged`)
      }),
    theirs: () => timed(() => spawn(['find', models, '-type', 'f', '-printf', '%s %T@ %p\\n'])),
  })
  process.stdout.write(
    `resident memory of a rescan: at most ${(memory / 2 ** 20).toFixed(0)} MiB (wanted under 300 MB)\n`,
  )
  const [edited = '', renamed = '', deleted = ''] = [1, Math.floor(count / 2), count - 1].map(pathOf)
  writeFileSync(edited, contentOf(-1))
  renameSync(renamed, `${renamed.slice(0, -'.safetensors'.length)}-renamed.safetensors`)
  rmSync(deleted)
  const { changed, renamed: moved, gone, unchanged, files_hashed: hashed } = await scan()
  const seen = changed === 1 && moved === 1 && gone === 1 && unchanged === count - 3 && hashed === 1
  process.stdout.write(
    `one edited, one renamed, one deleted: ${seen ? 'all seen, one file hashed' : `NOT SEEN: ${JSON.stringify({ changed, moved, gone, unchanged, hashed })}`}\n`,
  )
  if (!seen) process.exitCode = 1
} finally {
  rmSync(dir, { recursive: true })
}

interface Scanned {
  readonly unchanged: number
  readonly changed: number
  readonly renamed: number
  readonly gone: number
  readonly files_hashed: number
  readonly rss: number
}

async function scan(): Promise<Scanned> {
  const started = Bun.spawn([binary, 'scan', models, '--data', data, '--json'], {
    cwd: dir,
    env: { PATH: process.env.PATH, HOME: dir },
    stderr: 'inherit',
  })
  const output = await new Response(started.stdout).text()
  if ((await started.exited) !== 0) throw new Error(`The scan failed: ${output}`)
  return { files_hashed: 0, ...JSON.parse(output), rss: started.resourceUsage()?.maxRSS ?? 0 }
}

async function spawn(args: readonly string[]): Promise<void> {
  const started = Bun.spawn([...args], { stdout: 'ignore', stderr: 'inherit' })
  if ((await started.exited) !== 0) throw new Error(`${args[0]} failed`)
}

function pathOf(at: number): string {
  return join(models, 'loras', `style-${Math.floor(at / PER_FOLDER)}`, `model-${at}-v1.safetensors`)
}

function modelFile(at: number): void {
  if (at % PER_FOLDER === 0) mkdirSync(join(pathOf(at), '..'), { recursive: true })
  writeFileSync(pathOf(at), contentOf(at))
}

/** A whole safetensors of 80 bytes. */
function contentOf(at: number): Buffer {
  const json = JSON.stringify({ w: { dtype: 'U8', shape: [8], data_offsets: [0, 8] } }).padEnd(64)
  const bytes = Buffer.alloc(80)
  bytes.writeBigUInt64LE(64n)
  bytes.write(json, 8)
  bytes.writeDoubleLE(at, 72)
  return bytes
}
