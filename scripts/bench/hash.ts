/**
 * How fast files and streams are hashed: `bun scripts/bench/hash.ts [--size BYTES] [--rounds N] [--binary PATH]`.
 * Measures dist/airkeep (or PATH) where it was built, else the same pool in a Bun process.
 */
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createSHA256 } from 'hash-wasm'
import { createIncrementalSha256 } from '../../src/hash/incremental.ts'
import { createHashPool } from '../../src/hash/pool.ts'
import type { Ticks } from './hash-child.ts'
import { BINARY, median } from './server.ts'
import { compare, timed } from './sides.ts'

const { values } = parseArgs({
  options: { size: { type: 'string' }, rounds: { type: 'string' }, binary: { type: 'string' } },
})
const binary = values.binary ?? BINARY
const rounds = Number(values.rounds ?? 6)
const size = Number(values.size ?? 2 ** 31)
const MIB = 2 ** 20
const CHUNK_BYTES = 256 * 1024
const TICK_SECONDS = 5
const child = [process.execPath, join(import.meta.dir, 'hash-child.ts')]
const command = existsSync(binary) ? [binary, 'hash'] : [...child, 'files']

const dir = mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
try {
  const big = file('big', size)
  const four = ['a', 'b', 'c', 'd'].map((name) => file(name, size / 2))
  process.stdout.write(`${availableParallelism()} cores; hashing with ${command.join(' ')}\n`)
  await compare({
    label: `${size / MIB} MiB file, against openssl`,
    unit: 'MiB',
    amount: size / MIB,
    wanted: 0.95,
    rounds,
    ours: () => run([...command, big]),
    theirs: () => run(['openssl', 'dgst', '-sha256', big]),
    before: () => readThrough([big]),
  })
  await compare({
    label: `four files of ${size / 2 / MIB} MiB, against openssl one after another`,
    unit: 'MiB',
    amount: (size * 2) / MIB,
    wanted: 1.5,
    rounds,
    ours: () => run([...command, ...four]),
    theirs: () =>
      timed(async () => {
        for (const path of four) await run(['openssl', 'dgst', '-sha256', path])
      }),
    before: () => readThrough(four),
  })
  await streams()
  await eventLoop(four)
} finally {
  rmSync(dir, { recursive: true })
}

/** WebAssembly: our incremental hasher and a stream's hasher, each against the bare loop over memory. */
async function streams(): Promise<void> {
  const bytes = Math.max(MIB, size / 8)
  const memory = Buffer.alloc(bytes, 'airkeep')
  const streamed = file('streamed', bytes)
  const server = Bun.spawn([...child, 'serve', streamed], { stdout: 'pipe' })
  const { value } = await server.stdout.getReader().read()
  const url = `http://127.0.0.1:${new TextDecoder().decode(value).trim()}/`
  const pool = createHashPool()
  const bare = await createSHA256()
  const chunks = function* (): Generator<Uint8Array> {
    for (let from = 0; from < bytes; from += CHUNK_BYTES) yield memory.subarray(from, from + CHUNK_BYTES)
  }
  const theirs = () =>
    timed(() => {
      bare.init()
      for (const chunk of chunks()) bare.update(chunk)
      bare.digest()
    })
  const common = { unit: 'MiB', amount: bytes / MIB, rounds, theirs }
  const ours = async (): Promise<number> => {
    const hasher = await createIncrementalSha256()
    return await timed(() => {
      for (const chunk of chunks()) hasher.update(chunk)
      hasher.digest()
    })
  }
  await compare({ ...common, label: 'WASM from memory, against bare hash-wasm', wanted: 0.9, ours })
  const overHttp = (): Promise<number> =>
    timed(async () => {
      const hasher = await pool.createStreamHasher()
      const { body } = await fetch(url)
      for await (const chunk of body ?? []) await hasher.update(chunk)
      const { sizeBytes } = await hasher.digest()
      if (sizeBytes !== bytes) throw new Error(`The stream gave ${sizeBytes} bytes of ${bytes}`)
    })
  await compare({
    ...common,
    label: 'WASM from a loopback stream, against bare hash-wasm from memory',
    wanted: 0.75,
    ours: overHttp,
  })
  await pool.close()
  server.kill()
  await server.exited
}

/** Timer ticks of a process that does nothing and of one that hashes through the pool, in turn. */
async function eventLoop(paths: readonly string[]): Promise<void> {
  const measure = async (...args: string[]): Promise<Ticks> =>
    await Bun.spawn([...child, 'ticks', String(TICK_SECONDS), ...args], { stdout: 'pipe' }).stdout.json()
  const idle: Ticks[] = []
  const busy: Ticks[] = []
  for (let round = 0; round < rounds; round += 1) {
    idle.push(await measure())
    busy.push(await measure(...paths))
  }
  const describe = (of: readonly Ticks[]): string =>
    `p99 ${median(of.map(({ p99 }) => p99)).toFixed(1)} ms, latest ${Math.max(...of.map(({ max }) => max)).toFixed(1)} ms, ${of.reduce((sum, { stalls }) => sum + stalls, 0)} stalls over 50 ms`
  process.stdout.write(
    `event loop while hashing (wanted p99 under 10 ms, no more stalls than idle): hashing ${describe(busy)}; idle ${describe(idle)}; ${rounds} rounds of ${TICK_SECONDS} s\n`,
  )
}

async function run(args: readonly string[]): Promise<number> {
  return await timed(async () => {
    const env = { ...process.env, AIRKEEP_DATA: join(dir, 'data') }
    const started = Bun.spawn([...args], { cwd: dir, env, stdout: 'ignore', stderr: 'inherit' })
    if ((await started.exited) !== 0) throw new Error(`${args[0]} failed`)
  })
}

function file(name: string, bytes: number): string {
  const path = join(dir, name)
  const fd = openSync(path, 'w')
  const block = crypto.getRandomValues(new Uint8Array(65_536))
  for (let written = 0; written < bytes; ) {
    block[0] = written / block.length
    written += writeSync(fd, block, 0, Math.min(block.length, bytes - written))
  }
  closeSync(fd)
  return path
}

function readThrough(paths: readonly string[]): void {
  const buffer = new Uint8Array(4 * MIB)
  for (const path of paths) {
    const fd = openSync(path, 'r')
    while (readSync(fd, buffer) > 0);
    closeSync(fd)
  }
}
