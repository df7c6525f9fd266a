/** From the start of the executable on an existing database to the first answer; memory when idle; size. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BINARY, median, startServer } from './server.ts'

const ROUNDS = Number(process.argv[2] ?? 9)
const data = mkdtempSync(join(tmpdir(), 'airkeep-bench-'))
await (await startServer(data)).stop()

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}

async function timeToFirstAnswer(): Promise<number> {
  const port = await freePort()
  const begin = performance.now()
  const child = Bun.spawn([BINARY, 'serve', '--port', String(port), '--data', data, '--quiet'], {
    stdout: 'ignore',
    stderr: 'ignore',
    cwd: data,
    env: { HOME: data },
  })
  for (;;) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/v1/prompts?limit=1`)
      await response.text()
      const ms = performance.now() - begin
      if (!response.ok) throw new Error(`status ${response.status}`)
      child.kill('SIGTERM')
      await child.exited
      return ms
    } catch (error) {
      if (
        !(error instanceof Error) ||
        !('code' in error) ||
        !['ConnectionRefused', 'ECONNREFUSED'].includes(String(error.code))
      )
        throw error
      await Bun.sleep(1)
    }
  }
}

const rss = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

readFileSync(BINARY)
const times: number[] = []
for (let round = 0; round < ROUNDS; round += 1) times.push(await timeToFirstAnswer())
const server = await startServer(data)
await fetch(`http://127.0.0.1:${server.port}/health`)
await Bun.sleep(3_000)
const idle = rss(server.pid)
await server.stop()
rmSync(data, { recursive: true })
process.stdout.write(
  `start to first answer: median ${median(times).toFixed(1)} ms of ${ROUNDS} (least ${Math.min(...times).toFixed(1)}, wanted under 90); idle RSS ${idle.toFixed(0)} MiB (wanted under 90); executable ${(statSync(BINARY).size / 1e6).toFixed(1)} MB\n`,
)
