/** Processes of their own for hash.ts: `files PATH...`, `serve PATH`, `ticks SECONDS [PATH...]`. */
import { createHashPool } from '../../src/hash/pool.ts'

/** How late timer ticks came, in milliseconds; a stall is one that came more than 50 ms late. */
export interface Ticks {
  readonly p99: number
  readonly max: number
  readonly stalls: number
}

const [mode, ...rest] = process.argv.slice(2)
if (mode === 'files') await files(rest)
else if (mode === 'serve') serve(rest[0] ?? '')
else if (mode === 'ticks') await ticks(Number(rest[0]), rest.slice(1))
else throw new Error(`Unknown mode ${mode}`)

/** What `airkeep hash` does, for as long as there is no executable. */
async function files(paths: readonly string[]): Promise<void> {
  const pool = createHashPool()
  const digests = await Promise.all(paths.map((path) => pool.hashFile(path)))
  for (const [at, { sha256 }] of digests.entries()) process.stdout.write(`${sha256}  ${paths[at]}\n`)
  await pool.close()
}

function serve(path: string): void {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response(Bun.file(path)) })
  process.stdout.write(`${server.port}\n`)
}

/** How late a timer of 5 ms comes, while `paths` are hashed over and over or, without any, while nothing is done. */
async function ticks(seconds: number, paths: readonly string[]): Promise<void> {
  const INTERVAL_MS = 5
  const pool = createHashPool({ background: true })
  const stop = new AbortController()
  const hashing = paths.map(async (path) => {
    while (!stop.signal.aborted)
      await pool.hashFile(path, { signal: stop.signal, onProgress: () => {} }).catch(() => {})
  })
  const late: number[] = []
  const end = performance.now() + seconds * 1000
  let last = performance.now()
  while (last < end) {
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS))
    const now = performance.now()
    late.push(Math.max(0, now - last - INTERVAL_MS))
    last = now
  }
  stop.abort()
  await Promise.all(hashing)
  await pool.close()
  late.sort((a, b) => a - b)
  const p99 = late[Math.floor(late.length * 0.99)] ?? 0
  const found: Ticks = { p99, max: late.at(-1) ?? 0, stalls: late.filter((ms) => ms > 50).length }
  process.stdout.write(JSON.stringify(found))
}
