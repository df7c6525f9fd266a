import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** How many files below a folder a process has open. */
export function openDescriptors(pid: number, folder: string): number {
  const fds = `/proc/${pid}/fd`
  return readdirSync(fds).filter((fd) => {
    try {
      return readlinkSync(`${fds}/${fd}`).startsWith(folder)
    } catch {
      return false
    }
  }).length
}

export const residentBytes = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024

/** Waits until it holds; the test's own limit of time ends what never does. */
export async function settled(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((go) => setTimeout(go, 2))
}
