import { readdirSync, readFileSync } from 'node:fs'

interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  /** One letter of /proc/<pid>/stat; Z has ended and waits for its parent to look. */
  readonly state: string
}

/** Ids of the living processes that descend from `pid`, itself left out (Linux). */
export function descendantsOf(pid: number): number[] {
  const all = readProcesses()
  const below = (parent: number): number[] =>
    all.filter((entry) => entry.parent === parent).flatMap((entry) => [entry.pid, ...below(entry.pid)])
  return below(pid)
}

/** Which of these processes still run. */
export function stillRunning(pids: readonly number[]): number[] {
  const alive = new Set(readProcesses().map((entry) => entry.pid))
  return pids.filter((pid) => alive.has(pid))
}

function readProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)))
    .filter(({ state }) => state !== 'Z' && state !== 'X')
}

function readProcess(pid: number): ProcessEntry[] {
  try {
    // The second field is the program's name in brackets and may itself hold brackets and spaces.
    const match = /^\d+ \([\s\S]*\) (\w) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    return match ? [{ pid, parent: Number(match[2]), state: match[1] ?? '' }] : []
  } catch {
    return [] // it ended meanwhile
  }
}
