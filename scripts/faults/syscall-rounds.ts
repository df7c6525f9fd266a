import { cpSync } from 'node:fs'
import { type Ended, jobIn, scanArgs, start } from './airkeep.ts'
import { hashedAt, readIndex } from './index.ts'
import { beginAnew, judge, type Place, type Round } from './rounds.ts'
import { type Fault, type Point, underStrace } from './strace.ts'

/** `reached`: the fault happened; a run makes a few calls more or fewer than another. */
export interface FaultRound extends Round {
  readonly reached: boolean
}

/** A scan with a fault, then one without. `base`: a data directory that has seen none of the files. */
export async function faultRound(place: Place, base: string, point: Point, fault: Fault): Promise<FaultRound> {
  beginAnew(place)
  cpSync(base, place.data, { recursive: true })
  const args = scanArgs(place.roots)
  const failed = await start(place.binary, args, { data: place.data, under: underStrace(point, fault) }).ended
  const found = fault === 'full' ? diskFullDeviations(failed) : []
  const before = hashedAt(await readIndex(place.data))
  const last = await start(place.binary, args, place).ended
  const round = await judge(place, { before, finished: [before.size], last })
  const reached = fault === 'crash' ? failed.signal === 'SIGKILL' : failed.exitCode !== 0
  return { ...round, reached, deviations: [...found, ...round.deviations] }
}

/** A full disk is told as what it is, or does not matter, as that of a volume to which digests are only left. */
export function diskFullDeviations(run: Ended): string[] {
  const job = jobIn(run)
  if (run.exitCode === 0 && job['status'] === 'completed') return []
  const code = job['error_code'] ?? job['code']
  if (run.exitCode === 8 && code === 'disk_full') return []
  return [`with a full disk it ended with ${run.exitCode}: ${run.stdout}${run.stderr}`]
}
