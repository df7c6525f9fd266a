import { readFileSync } from 'node:fs'

/** Calls that change what a later run finds. */
const CHANGING = ['pwrite64', 'fsync', 'fdatasync', 'ftruncate', 'unlink', 'rename', 'mkdir'] as const
export type Syscall = (typeof CHANGING)[number]

/** One call of a run at which something is to go wrong. */
export interface Point {
  readonly syscall: Syscall
  /** Which one of the thread that makes most of them; of several threads the first that comes so far. */
  readonly nth: number
  /** Only calls about this path; every other one where it is left out. */
  readonly path?: string
}

/** `crash`: the process is killed before the call; `full`: this call and all later ones say that the disk is full. */
export type Fault = 'crash' | 'full'

export function underStrace({ syscall, nth, path }: Point, fault: Fault): string[] {
  const how = fault === 'crash' ? `signal=SIGKILL:when=${nth}` : `error=ENOSPC:when=${nth}+`
  return [
    ...['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${syscall}`, '-e', `inject=${syscall}:${how}`],
    ...(path === undefined ? [] : ['-P', path]),
  ]
}

export const countingStrace = (log: string): string[] => [
  ...['strace', '-f', '-qq', '-y', '-o', log, '-e', `trace=${CHANGING.join()}`],
]

/** Points of a run that {@link countingStrace} has logged: each call of its main thread, and those about a folder. */
export function pointsIn(log: string, folder: string): Point[] {
  const lines = readFileSync(log, 'utf8').split('\n')
  const main = mainThread(lines)
  const counts = new Map<Syscall, number>()
  const points: Point[] = []
  for (const line of lines) {
    const [, thread, name = ''] = /^(\d+) +(\w+)\(/.exec(line) ?? []
    const syscall = CHANGING.find((each) => each === name)
    if (syscall === undefined) continue
    if (thread === main) {
      const nth = (counts.get(syscall) ?? 0) + 1
      counts.set(syscall, nth)
      points.push({ syscall, nth })
    }
    // Other threads make these calls: which one is a matter of chance, and the path tells them from the rest.
    const about = [...line.matchAll(/[<"]([^<>"]+)[>"]/g)].map(([, path]) => path)
    const path = about.findLast((each) => each === folder || each === `${folder}/digests.jsonl`)
    if (thread !== main && path !== undefined) points.push({ syscall, nth: 1, path })
  }
  return points
}

/** The one that writes to the database. */
function mainThread(lines: readonly string[]): string {
  const writer = lines.find((line) => line.includes('airkeep.db-wal>'))
  if (writer === undefined) throw new Error('The run has written to no database')
  return writer.split(' ')[0] ?? ''
}
