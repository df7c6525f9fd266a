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

/** Bytes that a process has taken from files so far, those among them that the kernel sent on by itself. */
export const bytesTaken = (pid: number): number =>
  Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1])

/** Waits until it holds; the test's own limit of time ends what never does. */
export async function settled(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((go) => setTimeout(go, 2))
}
