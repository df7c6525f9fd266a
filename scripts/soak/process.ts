import { readdirSync, readFileSync } from 'node:fs'

export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

/** Linux counts a process's time in hundredths of a second, whatever the machine (proc(5): `getconf CLK_TCK`). */
const TICK_MS = 10

/** What a process has had of the processors, in its own code and in the kernel. */
export function cpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the program stands in brackets and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

export const openDescriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

const POLL_MS = 50
const STILL_POLLS = 8
const MOST_POLLS = 400

/** The number of open descriptors once it stays the same for a while: connections end a moment after their client. */
export async function settledDescriptors(pid: number): Promise<number> {
  let last = openDescriptors(pid)
  for (let polls = 0, still = 0; polls < MOST_POLLS && still < STILL_POLLS; polls += 1) {
    await Bun.sleep(POLL_MS)
    const now = openDescriptors(pid)
    still = now === last ? still + 1 : 0
    last = now
  }
  return last
}
