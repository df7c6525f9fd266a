/**
 * How fast a first scan hashes: `bun scripts/bench/scan.ts [--files N] [--size BYTES] [--rounds N] [--binary PATH]`.
 * Each round scans into a new data directory, with the executable; openssl hashes the same files one after another.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BINARY } from './server.ts'
import { compare, timed } from './sides.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string' },
    size: { type: 'string' },
    rounds: { type: 'string' },
    binary: { type: 'string' },
  },
})
const MIB = 2 ** 20
const count = Number(values.files ?? 40)
const size = Number(values.size ?? 256 * MIB)
const rounds = Number(values.rounds ?? 6)
const binary = values.binary ?? BINARY
const dir = mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
const models = join(dir, 'models')
let run = 0

try {
  process.stdout.write(`${availableParallelism()} cores; ${count} files of ${size / MIB} MiB\n`)
  await measure('the file digest alone', 'gguf', 1.5)
  await measure('both digests', 'safetensors', 1.0)
} finally {
  rmSync(dir, { recursive: true })
}

/** GGUF files have one digest, safetensors a second one of the bytes behind their header. */
async function measure(label: string, format: 'gguf' | 'safetensors', wanted: number): Promise<void> {
  const paths = Array.from({ length: count }, (_, at) => modelFile(`${format}-${at}.${format}`, format))
  await compare({
    label: `first scan, ${label}, against openssl one after another`,
    unit: 'MiB',
    amount: (count * size) / MIB,
    wanted,
    rounds,
    ours: () => scan(),
    theirs: () =>
      timed(async () => {
        for (const path of paths) await spawn(['openssl', 'dgst', '-sha256', path])
      }),
    before: () => readThrough(paths),
  })
  rmSync(models, { recursive: true })
}

async function scan(): Promise<number> {
  run += 1
  const data = join(dir, `data-${run}`)
  let output = ''
  const seconds = await timed(async () => {
    output = await spawn([binary, 'scan', models, '--data', data, '--json'])
  })
  const job = JSON.parse(output) as { status: string; files_hashed: number }
  if (job.status !== 'completed' || job.files_hashed !== count) throw new Error(`The scan ended with ${output}`)
  rmSync(data, { recursive: true })
  return seconds
}

async function spawn(args: readonly string[]): Promise<string> {
  const started = Bun.spawn([...args], { cwd: dir, env: { PATH: process.env.PATH, HOME: dir }, stderr: 'inherit' })
  const output = await new Response(started.stdout).text()
  if ((await started.exited) !== 0) throw new Error(`${args[0]} failed: ${output}`)
  return output
}

function modelFile(name: string, format: 'gguf' | 'safetensors'): string {
  const folder = join(models, 'checkpoints')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, name)
  const fd = openSync(path, 'w')
  const head = format === 'gguf' ? emptyGguf() : safetensorsHead(size)
  writeSync(fd, head)
  const block = crypto.getRandomValues(new Uint8Array(65_536))
  for (let written = head.length; written < size; ) {
    block[0] = written / block.length
    written += writeSync(fd, block, 0, Math.min(block.length, size - written))
  }
  closeSync(fd)
  return path
}

/** No tensors and no metadata. */
function emptyGguf(): Buffer {
  const head = Buffer.alloc(24)
  head.write('GGUF')
  head.writeUInt32LE(3, 4)
  return head
}

function safetensorsHead(sizeBytes: number): Buffer {
  const headerBytes = 256
  const data = sizeBytes - 8 - headerBytes
  const json = JSON.stringify({ w: { dtype: 'U8', shape: [data], data_offsets: [0, data] } })
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(headerBytes))
  return Buffer.concat([length, Buffer.from(json.padEnd(headerBytes))])
}

function readThrough(paths: readonly string[]): void {
  const buffer = new Uint8Array(4 * MIB)
  for (const path of paths) {
    const fd = openSync(path, 'r')
    while (readSync(fd, buffer) > 0);
    closeSync(fd)
  }
}
