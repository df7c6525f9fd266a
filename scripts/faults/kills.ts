/**
 * Kills scans at random moments: `bun scripts/faults/kills.ts [--kills N] [--seed N] [--binary PATH]`. After each kill
 * the next run must end with the right index and hash no finished file again.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BINARY, median } from '../bench/server.ts'
import { scanArgs, start } from './airkeep.ts'
import { expectedFiles } from './expected.ts'
import { createRandom } from './random.ts'
import { beginAnew, firstScan, type Place, type Round, rescan } from './rounds.ts'
import { serveScan } from './serve-round.ts'
import { makeTree } from './tree.ts'

const { values } = parseArgs({
  options: { kills: { type: 'string' }, seed: { type: 'string' }, binary: { type: 'string' } },
})
const wanted = Number(values.kills ?? 200)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const binary = values.binary ?? BINARY
const random = createRandom(seed)
const dir = mkdtempSync(join(tmpdir(), 'airkeep-kills-'))
// Another filesystem than that of the data directory: digests are left there too.
const volume = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/airkeep-kills-') : undefined

type Kind = 'first scan' | 'rescan' | 'serve' | 'one after another'
const ORDER: readonly Kind[] = [
  ...Array<Kind>(10).fill('first scan'),
  ...Array<Kind>(6).fill('rescan'),
  ...Array<Kind>(3).fill('serve'),
  'one after another',
]

try {
  await main()
} finally {
  rmSync(dir, { recursive: true })
  if (volume !== undefined) rmSync(volume, { recursive: true })
}

async function main(): Promise<void> {
  const began = performance.now()
  const sizes = { leastBytes: 200_000, mostBytes: 6_000_000, random }
  const roots = [join(dir, 'models'), ...(volume === undefined ? [] : [volume])]
  makeTree(join(dir, 'models'), { files: 40, ...sizes })
  if (volume !== undefined) makeTree(volume, { files: 16, ...sizes })
  const fresh: Place = { binary, data: join(dir, 'data'), roots, random }
  const lasting: Place = { binary, data: join(dir, 'lasting'), roots: [join(dir, 'changing')], random }
  makeTree(join(dir, 'changing'), { files: 20, leastBytes: 100_000, mostBytes: 3_000_000, random })

  const firstSeconds = await usual(fresh, () => beginAnew(fresh))
  const againSeconds = await usual(lasting, () => {})
  process.stdout.write(
    `seed ${seed}; ${expectedFiles(roots).size} files, a first scan takes ${firstSeconds.toFixed(2)} s, another one ${againSeconds.toFixed(2)} s\n`,
  )
  const play: Record<Kind, () => Promise<Round>> = {
    'first scan': () => firstScan(fresh, firstSeconds, 1),
    'one after another': () => firstScan(fresh, firstSeconds, random.between(6, 9)),
    rescan: () => rescan(lasting, againSeconds),
    serve: () => serveScan(fresh, firstSeconds),
  }
  const rounds: (Round & { readonly kind: Kind })[] = []
  const killsSoFar = (): number => rounds.reduce((sum, { kills }) => sum + kills, 0)
  while (killsSoFar() < wanted) {
    const kind = ORDER[rounds.length % ORDER.length] ?? 'first scan'
    const round = { ...(await play[kind]()), kind }
    rounds.push(round)
    for (const deviation of round.deviations) process.stdout.write(`round ${rounds.length}, ${kind}: ${deviation}\n`)
  }
  report(rounds, (performance.now() - began) / 1000)
}

/** Seconds of a whole run that is not killed. */
async function usual(place: Place, before: () => void): Promise<number> {
  const seconds: number[] = []
  for (let at = 0; at < 3; at += 1) {
    before()
    const run = await start(binary, scanArgs(place.roots), place).ended
    if (run.exitCode !== 0) throw new Error(`A scan ended with ${run.exitCode}: ${run.stdout}${run.stderr}`)
    seconds.push(run.seconds)
  }
  return median(seconds)
}

function report(rounds: readonly (Round & { readonly kind: Kind })[], seconds: number): void {
  const kills = rounds.reduce((sum, round) => sum + round.kills, 0)
  const of = (kind: Kind): number => rounds.reduce((sum, round) => sum + (round.kind === kind ? round.kills : 0), 0)
  const wrong = rounds.filter(({ deviations }) => deviations.length > 0).length
  const first = rounds.filter(({ kind }) => kind !== 'rescan')
  const midway = first.flatMap(({ finished }) => finished).filter((count) => count > 0).length
  const kinds = [...new Set(ORDER)].map((kind) => `${kind} ${of(kind)}`).join(', ')
  process.stdout.write(
    `${kills} kills (${kinds}; ${midway} of the first scans had some digests by then), ` +
      `${rounds.length} runs after them, ${wrong} with deviations, ${Math.round(seconds)} s\n`,
  )
  if (wrong > 0) process.exitCode = 1
}
