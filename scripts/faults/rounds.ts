import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Ended, jobIn, scanArgs, start } from './airkeep.ts'
import { type ExpectedFile, expectedFiles } from './expected.ts'
import { deviations, hashedAt, type Index, keyOf, readIndex } from './index.ts'
import type { Random } from './random.ts'
import { changeTree } from './tree.ts'
import { volumeDeviations } from './volume.ts'

export interface Place {
  readonly binary: string
  /** Emptied by the rounds that begin anew. */
  readonly data: string
  readonly roots: readonly string[]
  readonly random: Random
}

/** How far the killed runs had come. */
export interface Round {
  readonly kills: number
  /** Files with digests at each kill. */
  readonly finished: readonly number[]
  /** Files that the last run hashed. */
  readonly hashed: number
  readonly seconds: number
  readonly deviations: readonly string[]
}

export function beginAnew({ data, roots }: Place): void {
  rmSync(data, { recursive: true, force: true })
  for (const root of roots) rmSync(join(root, '.airkeep'), { recursive: true, force: true })
}

/** Runs a scan and kills it somewhere within `seconds`; again until one is killed before its end. */
export async function killScan(place: Place, seconds: number, again: () => void): Promise<Index> {
  while (true) {
    const run = start(place.binary, scanArgs(place.roots), place)
    if (await killed(run, moment(place, seconds))) return readIndex(place.data)
    again()
  }
}

/** Seconds after the start: the later, the more often, for at first the program only starts. */
export const moment = ({ random }: Place, seconds: number): number => Math.sqrt(random.next()) * seconds * 1.05

/** @returns whether it was killed before its end */
export async function killed(run: ReturnType<typeof start>, afterSeconds: number): Promise<boolean> {
  const timer = setTimeout(() => run.kill('SIGKILL'), afterSeconds * 1000)
  const { signal } = await run.ended
  clearTimeout(timer)
  return signal === 'SIGKILL'
}

/** One or more kills of the first scan of a host, then one that may end. */
export async function firstScan(place: Place, seconds: number, kills: number): Promise<Round> {
  beginAnew(place)
  const finished: number[] = []
  let index: Index | undefined
  for (let at = 0; at < kills; at += 1) {
    // One that was through before its kill has left nothing to do.
    index = await killScan(place, seconds, () => finished.length === 0 && beginAnew(place))
    finished.push(hashedAt(index).size)
  }
  return lastScan(place, index, finished)
}

/** Changes the tree, kills the scan that takes the changes in, then one that may end. */
export async function rescan(place: Place, seconds: number): Promise<Round> {
  const options = { leastBytes: 100_000, mostBytes: 3_000_000, random: place.random }
  const [root = ''] = place.roots
  changeTree(root, options)
  const index = await killScan(place, seconds, () => changeTree(root, options))
  return lastScan(place, index, [hashedAt(index).size])
}

async function lastScan(place: Place, index: Index | undefined, finished: readonly number[]): Promise<Round> {
  const last = await start(place.binary, scanArgs(place.roots), place).ended
  return judge(place, { before: index === undefined ? new Map() : hashedAt(index), finished, last })
}

export interface Judged {
  /** {@link hashedAt} when the last run began. */
  readonly before: ReadonlyMap<string, string>
  readonly finished: readonly number[]
  readonly last: Ended
  /** The job of the last run, where it printed none. */
  readonly job?: Readonly<Record<string, unknown>>
}

/** What is wrong after the last run. */
export async function judge(place: Place, { before, finished, last, job = jobIn(last) }: Judged): Promise<Round> {
  const expected = expectedFiles(place.roots)
  const after = await readIndex(place.data)
  const found = deviations(after, expected, before)
  const hashable = [...expected.values()].filter(({ sha256 }) => sha256 !== null)
  const unfinished = hashable.filter((file) => !before.has(keyOf(file))).length
  const hashed = Number(job['files_hashed'] ?? 0)
  if (last.exitCode !== 0) found.push(`the last run ended with ${last.exitCode}: ${last.stdout}${last.stderr}`)
  if (job['status'] !== 'completed') found.push(`the job is ${String(job['status'])}: ${JSON.stringify(job)}`)
  if (job['files'] !== expected.size) found.push(`the job met ${String(job['files'])} files of ${expected.size}`)
  if (hashed !== unfinished) found.push(`the last run hashed ${hashed} files where ${unfinished} were left`)
  for (const root of place.roots) found.push(...volumeDeviationsOf(root, expected))
  return { kills: finished.length, finished, hashed, seconds: last.seconds, deviations: found }
}

const volumeDeviationsOf = (root: string, expected: ReadonlyMap<string, ExpectedFile>): string[] =>
  root.startsWith('/dev/shm/') ? volumeDeviations(root, expected) : []
