/**
 * How fast a model file is handed out, against nginx: `bun scripts/bench/serve.ts [--binary]`. With --binary it is
 * dist/airkeep that serves, from a scan of its own. Needs nginx, curl and aria2c.
 */
import { mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Origin, run, startNginx, untilServed } from './nginx.ts'
import { sha256OfFile, writeModelFile } from './serve-file.ts'
import { median, startServer } from './server.ts'
import { compare, timed } from './sides.ts'

const SIZE_BYTES = 2 ** 30
const ROUNDS = 11

async function startOurs(dir: string, file: string, sha256: string): Promise<Origin> {
  const path = `/v1/models/download?hash=${sha256}`
  if (process.argv.includes('--binary')) {
    const server = await startServer(undefined, { AIRKEEP_MODELS: join(dir, 'models') })
    const url = `http://127.0.0.1:${server.port}${path}`
    await untilServed(url)
    return { url, stop: server.stop }
  }
  const script = join(import.meta.dir, 'serve-child.ts')
  const child = Bun.spawn([process.execPath, script, join(dir, 'models', file)], { stdout: 'pipe', stderr: 'inherit' })
  const { value } = await child.stdout.getReader().read()
  const url = `http://127.0.0.1:${new TextDecoder().decode(value).trim()}${path}`
  await untilServed(url)
  return {
    url,
    async stop() {
      child.kill()
      await child.exited
    },
  }
}

const fetchWithCurl = (url: string) => () => timed(() => run(['curl', '-sSf', '-o', '/dev/null', url]))

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-bench-serve-')))
const origins: Origin[] = []
try {
  const file = 'big.safetensors'
  const path = join(dir, 'models', file)
  await run(['mkdir', '-p', join(dir, 'models'), join(dir, 'out')])
  writeModelFile(path, SIZE_BYTES)
  const sha256 = await sha256OfFile(path)
  const ours = await startOurs(dir, file, sha256)
  origins.push(ours)
  const theirs = await startNginx({ dir, root: join(dir, 'models'), file })
  origins.push(theirs)
  const mebibytes = statSync(path).size / 2 ** 20
  await fetchWithCurl(ours.url)()
  await compare({
    label: 'GET of 1 GiB with curl on loopback, against nginx with sendfile',
    unit: 'MiB',
    amount: mebibytes,
    wanted: 0.9,
    rounds: ROUNDS,
    ours: fetchWithCurl(ours.url),
    theirs: fetchWithCurl(theirs.url),
  })
  const times: number[] = []
  for (let round = 0; round < 3; round += 1) {
    const target = ['-d', join(dir, 'out'), '-o', file, '--allow-overwrite=true', '--file-allocation=none']
    const check = ['--no-conf', '-x8', '-s8', '-k1M', '--max-tries=1', `--checksum=sha-256=${sha256}`]
    times.push(await timed(() => run(['aria2c', '-q', ...check, ...target, ours.url])))
    rmSync(join(dir, 'out', file))
  }
  process.stdout.write(
    `aria2c -x8 --checksum=sha-256=…: ended with 0 every time, median ${(mebibytes / median(times)).toFixed(0)} MiB/s with the check, ${times.length} rounds\n`,
  )
} finally {
  for (const origin of origins) await origin.stop()
  rmSync(dir, { recursive: true, force: true })
}
