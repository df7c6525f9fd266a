/**
 * How fast files are downloaded and verified: `bun scripts/bench/download.ts [--rounds N] [--only NAME] [--dir PATH]`.
 * NAME is one of unthrottled, disk, throttled, sources, memory. Needs nginx, curl, openssl and aria2c, and about 9 GiB
 * in memory or in PATH: by default files go to /dev/shm, for otherwise it is the disk that is measured.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Downloader, type DownloadOutcome, startDownloader } from './downloader.ts'
import { type Origin, run, startNginx } from './nginx.ts'
import { startPaced } from './paced.ts'
import { sha256OfFile, writeModelFile } from './serve-file.ts'
import { compare, timed } from './sides.ts'

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, only: { type: 'string' }, dir: { type: 'string' } },
})
const rounds = Number(values.rounds ?? 7)
const MIB = 2 ** 20
/** What AIRKEEP_MAX_RANGES is by default, and what aria2c is told. */
const CONNECTIONS = 8

const dir = realpathSync(mkdtempSync(join(values.dir ?? '/dev/shm', 'airkeep-bench-download-')))
const onDisk = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-bench-download-')))
const ours = startDownloader()
const origins: Origin[] = []

interface Served {
  readonly path: string
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
}

const PARTS: Readonly<Record<string, () => Promise<void>>> = {
  unthrottled: () => unthrottled('on loopback', join(dir, 'got.safetensors'), false),
  disk: () => unthrottled('to a disk, synced', join(onDisk, 'got.safetensors'), true),
  throttled,
  sources,
  memory,
}

try {
  mkdirSync(join(dir, 'models'))
  for (const [name, part] of Object.entries(PARTS)) {
    if (values.only === undefined || values.only === name) await part()
    await Promise.all(origins.splice(0).map((origin) => origin.stop()))
  }
} finally {
  await ours.stop()
  await Promise.all(origins.map((origin) => origin.stop()))
  rmSync(dir, { recursive: true, force: true })
  rmSync(onDisk, { recursive: true, force: true })
}

async function makeFile(mebibytes: number): Promise<Served> {
  const name = `model-${mebibytes}.safetensors`
  const path = join(dir, 'models', name)
  writeModelFile(path, mebibytes * MIB)
  return { path, name, sizeBytes: Bun.file(path).size, sha256: await sha256OfFile(path) }
}

/** A download by our side; what it did besides taking time is gathered. */
function fetching(by: Downloader, file: Served, urls: readonly string[], target: string, outcomes: DownloadOutcome[]) {
  return async (): Promise<number> => {
    const { sha256, sizeBytes } = file
    const outcome = await by.download({ urls, target, sha256, sizeBytes })
    outcomes.push(outcome)
    return outcome.seconds
  }
}

/** A whole file against curl and a check after it. */
async function unthrottled(where: string, target: string, synced: boolean): Promise<void> {
  const file = await makeFile(1024)
  const origin = await startNginx({ dir, root: join(dir, 'models'), file: file.name })
  origins.push(origin)
  const outcomes: DownloadOutcome[] = []
  await compare({
    label: `1 GiB ${where}, verified, against curl${synced ? ', sync' : ''} and then openssl dgst -sha256`,
    unit: 'MiB',
    amount: file.sizeBytes / MIB,
    wanted: 1,
    rounds,
    before: () => rmSync(target, { force: true }),
    ours: fetching(ours, file, [origin.url], target, outcomes),
    theirs: () =>
      timed(async () => {
        await run(['curl', '-sSf', '-o', target, origin.url])
        // What we say is done is on the disk.
        if (synced) await run(['sync', target])
        await run(['openssl', 'dgst', '-sha256', target])
      }),
  })
  rmSync(target, { force: true })
  rmSync(file.path)
  tellHow(outcomes)
}

/** A server that gives each connection only so much, against eight connections of aria2c. */
async function throttled(): Promise<void> {
  const file = await makeFile(512)
  const origin = await startPaced(file.path, { perConnection: 20 * MIB })
  origins.push(origin)
  const target = join(dir, 'got.safetensors')
  const outcomes: DownloadOutcome[] = []
  const how = [`-x${CONNECTIONS}`, `-s${CONNECTIONS}`, `--checksum=sha-256=${file.sha256}`]
  const quiet = ['--no-conf', '-q', '--allow-overwrite=true', '--file-allocation=none', '--max-tries=1']
  await compare({
    label: `512 MiB at 20 MiB/s a connection, verified, against aria2c -x${CONNECTIONS} -s${CONNECTIONS} --checksum`,
    unit: 'MiB',
    amount: file.sizeBytes / MIB,
    wanted: 0.95,
    rounds,
    before: () => rmSync(target, { force: true }),
    ours: fetching(ours, file, [origin.url], target, outcomes),
    theirs: () => timed(() => run(['aria2c', ...quiet, ...how, '-d', dir, '-o', 'got.safetensors', origin.url])),
  })
  rmSync(target, { force: true })
  rmSync(file.path)
  tellHow(outcomes)
}

/** Two sources of one file against one of them. */
async function sources(): Promise<void> {
  const file = await makeFile(1024)
  const urls: string[] = []
  for (let at = 0; at < 2; at += 1) {
    const origin = await startPaced(file.path, { total: 100 * MIB })
    origins.push(origin)
    urls.push(origin.url)
  }
  const target = join(dir, 'got.safetensors')
  const outcomes: DownloadOutcome[] = []
  await compare({
    label: '1 GiB from two sources of 100 MiB/s each, against one of them',
    unit: 'MiB',
    amount: file.sizeBytes / MIB,
    wanted: 1.7,
    rounds,
    before: () => rmSync(target, { force: true }),
    ours: fetching(ours, file, urls, target, outcomes),
    theirs: fetching(ours, file, urls.slice(0, 1), target, []),
  })
  rmSync(target, { force: true })
  rmSync(file.path)
  tellHow(outcomes)
}

/** Memory of a process that downloads one large file, and of one that downloads the same from two slow sources. */
async function memory(): Promise<void> {
  const file = await makeFile(4096)
  const origin = await startNginx({ dir, root: join(dir, 'models'), file: file.name })
  origins.push(origin)
  const slow = await Promise.all([1, 2].map(() => startPaced(file.path, { total: 250 * MIB })))
  origins.push(...slow)
  const target = join(dir, 'got.safetensors')
  for (const [label, urls] of [
    ['4 GiB on loopback', [origin.url]],
    ['4 GiB from two sources of 250 MiB/s each', slow.map(({ url }) => url)],
  ] as const) {
    const fresh = startDownloader()
    const idleBytes = fresh.peakBytes()
    const outcomes: DownloadOutcome[] = []
    const seconds = await fetching(fresh, file, urls, target, outcomes)()
    process.stdout.write(
      `peak memory of the process while fetching ${label}: ${mebibytes(fresh.peakBytes())} (wanted below 150), ` +
        `${mebibytes(idleBytes)} of them before; ${(file.sizeBytes / MIB / seconds).toFixed(0)} MiB/s\n`,
    )
    tellHow(outcomes)
    await fresh.stop()
    rmSync(target, { force: true })
  }
  rmSync(file.path)
}

function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(0)} MiB`
}

function tellHow(outcomes: readonly DownloadOutcome[]): void {
  const hashed = [...new Set(outcomes.map(({ hashedBy }) => hashedBy))].join(' and ')
  const most = Math.max(...outcomes.map(({ mostConnections }) => mostConnections))
  process.stdout.write(`  ours: hashed by ${hashed}, at most ${most} connections\n`)
}
