/**
 * What downloads survive: `bun scripts/faults/download.ts [--kills N] [--seed N] [--cut SECONDS] [--every N] [--only
 * NAME]`. One line for each case; ends with 1 where anything is not as it has to be. Needs strace, and a user who may
 * mount a disk in memory; NAME is one of kills, imports (of dist/airkeep), points, commits (of dist/airkeep), disks, names, bits, program (dist/airkeep), network.
 */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { flippedBits } from './download-bits.ts'
import { crashesAtEachCommit } from './download-commits.ts'
import { onDisks } from './download-disks.ts'
import { killedImports } from './download-jobs.ts'
import { killedDownloads } from './download-kills.ts'
import { aboutNames } from './download-names.ts'
import { overNetworks } from './download-network.ts'
import { crashesAtEachCall } from './download-points.ts'
import { aboutProgram } from './download-program-cases.ts'
import { fullDisks } from './download-program-disks.ts'
import type { CaseReport } from './download-scene.ts'
import { createRandom } from './random.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    seed: { type: 'string' },
    cut: { type: 'string' },
    only: { type: 'string' },
    every: { type: 'string' },
  },
})
const kills = Number(values.kills ?? 200)
const cutSeconds = Number(values.cut ?? 60)
/** Only each so manieth call, for a quick look. */
const every = Number(values.every ?? 1)
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const random = createRandom(seed)
const dir = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-faults-download-')))

/** A kill leaves to the disk what was written: one that is slow to sync would be measured, not the engine. */
const memory = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/airkeep-faults-download-') : dir

const CASES: Readonly<Record<string, () => Promise<readonly CaseReport[]>>> = {
  kills: async () => [await killedDownloads(memory, kills, random)],
  imports: async () => [await killedImports(kills, random)],
  points: async () => [await crashesAtEachCall(dir, every)],
  commits: async () => [await crashesAtEachCommit(every)],
  disks: () => onDisks(dir),
  names: () => aboutNames(dir),
  bits: () => flippedBits(dir),
  program: async () => [...(await aboutProgram()), ...(await fullDisks())],
  network: () => overNetworks(dir, cutSeconds),
}

try {
  process.stdout.write(`seed ${seed}\n`)
  for (const [name, play] of Object.entries(CASES)) {
    if (values.only === undefined || values.only === name) for (const report of await play()) tell(report)
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
  rmSync(memory, { recursive: true, force: true })
}

function tell({ name, figures, deviations }: CaseReport): void {
  process.stdout.write(`${deviations.length === 0 ? 'ok ' : 'BAD'} ${name}: ${figures}\n`)
  for (const deviation of deviations) process.stdout.write(`      ${deviation}\n`)
  if (deviations.length > 0) process.exitCode = 1
}
