/**
 * A crash at every write, sync, rename and removal of a scan, and a disk that is full from each write on:
 * `bun scripts/faults/syscalls.ts [--every N] [--binary PATH]`. Needs strace and a machine that lets it trace. After
 * each fault the next run must end with the right index and hash no finished file again.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inParallel } from '../../src/lib/in-parallel.ts'
import { BINARY } from '../bench/server.ts'
import { scanArgs, start } from './airkeep.ts'
import { expectedFiles } from './expected.ts'
import { onFullDisk } from './full-disk.ts'
import { createRandom } from './random.ts'
import { beginAnew, type Place } from './rounds.ts'
import { countingStrace, type Fault, type Point, pointsIn, type Syscall } from './strace.ts'
import { faultRound } from './syscall-rounds.ts'
import { makeTree } from './tree.ts'

const { values } = parseArgs({ options: { every: { type: 'string' }, binary: { type: 'string' } } })
/** Only each so manieth point, for a quick look. */
const every = Number(values.every ?? 1)
const binary = values.binary ?? BINARY
const dir = mkdtempSync(join(tmpdir(), 'airkeep-faults-'))
const volume = mkdtempSync('/dev/shm/airkeep-faults-')
const SIDE_BY_SIDE = 2
const LEFT_BYTES = [0, 4_096, 16_384, 65_536, 131_072, 262_144, 524_288]

try {
  await main()
} finally {
  rmSync(dir, { recursive: true })
  rmSync(volume, { recursive: true })
}

async function main(): Promise<void> {
  const began = performance.now()
  const places = Array.from({ length: SIDE_BY_SIDE }, (_, at) => placeOf(at))
  const [first] = places
  if (first === undefined) return
  const base = await emptyBase()
  const points = await countPoints(first, base)
  process.stdout.write(`${expectedFiles(first.roots).size} files; ${describe(points)}\n`)
  const faults: { readonly point: Point; readonly fault: Fault }[] = [
    ...points.map((point) => ({ point, fault: 'crash' as const })),
    ...points.filter(({ syscall }) => canBeFull(syscall)).map((point) => ({ point, fault: 'full' as const })),
  ].filter((_, at) => at % every === 0)
  const counts = { crash: 0, full: 0, wrong: 0 }
  await inParallel(faults, SIDE_BY_SIDE, async ({ point, fault }) => {
    const place = places.pop()
    if (place === undefined) throw new Error('More run side by side than there are places')
    const { reached, deviations } = await faultRound(place, base, point, fault)
    places.push(place)
    if (reached) counts[fault] += 1
    tell(`${fault} at ${point.syscall} ${point.nth} ${point.path ?? ''}`, deviations, counts)
  })
  let full = 0
  for (const leftBytes of LEFT_BYTES) {
    beginAnew(first)
    const round = await onFullDisk(first, base, leftBytes)
    if (round === undefined) continue
    full += 1
    tell(`${leftBytes} bytes left on the disk`, round.deviations, counts)
  }
  process.stdout.write(
    `${faults.length} points: ${counts.crash} crashes, ${counts.full} runs that a full disk ended, ` +
      `${full} on a disk that is really full, ${counts.wrong} with deviations, ` +
      `${Math.round((performance.now() - began) / 1000)} s\n`,
  )
  if (counts.wrong > 0) process.exitCode = 1
}

function tell(what: string, deviations: readonly string[], counts: { wrong: number }): void {
  if (deviations.length > 0) counts.wrong += 1
  for (const deviation of deviations) process.stdout.write(`${what}: ${deviation}\n`)
}

/** One root on the filesystem of the data directory, one that carries its own digests. */
function placeOf(at: number): Place {
  const random = createRandom(at + 1)
  const roots = [join(dir, `models-${at}`), join(volume, String(at))]
  makeTree(roots[0] ?? '', { files: 4, leastBytes: 10_000, mostBytes: 1_500_000, random })
  makeTree(roots[1] ?? '', { files: 2, leastBytes: 10_000, mostBytes: 200_000, random })
  return { binary, data: join(dir, `data-${at}`), roots, random }
}

/** Migrations are tested elsewhere: a data directory that has its tables. */
async function emptyBase(): Promise<string> {
  const base = join(dir, 'base')
  const nothing = join(dir, 'nothing')
  mkdirSync(nothing)
  const { exitCode, stderr } = await start(binary, scanArgs([nothing]), { data: base }).ended
  if (exitCode !== 0) throw new Error(`A scan of an empty folder ended with ${exitCode}: ${stderr}`)
  return base
}

async function countPoints(place: Place, base: string): Promise<Point[]> {
  const log = join(dir, 'strace.log')
  Bun.spawnSync(['cp', '-r', base, place.data])
  const run = await start(binary, scanArgs(place.roots), { data: place.data, under: countingStrace(log) }).ended
  if (run.exitCode !== 0) throw new Error(`A scan under strace ended with ${run.exitCode}: ${run.stderr}`)
  return pointsIn(log, join(place.roots[1] ?? '', '.airkeep'))
}

function canBeFull(syscall: Syscall): boolean {
  return syscall === 'pwrite64' || syscall === 'rename' || syscall === 'mkdir'
}

function describe(points: readonly Point[]): string {
  const counts = new Map<string, number>()
  for (const { syscall } of points) counts.set(syscall, (counts.get(syscall) ?? 0) + 1)
  return [...counts].map(([syscall, count]) => `${count} ${syscall}`).join(', ')
}
