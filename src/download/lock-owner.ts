import { readFile, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { codeOf } from './place-files.ts'

/** Whether the process that wrote a mark still writes; one on another machine may, for all that can be known. */
export type LockOwner = 'gone' | 'here' | Elsewhere

export interface Elsewhere {
  /** As the mark names it. */
  readonly host: string
  /** Milliseconds; of the other machine's clock. */
  readonly heardAt: number
}

/** Whoever creates a mark writes it at once, unless it dies in between. */
const UNWRITTEN_MS = 5_000

export const ownMark = async (): Promise<string> =>
  `${hostname().replace(/\s/g, '_')} ${process.pid} ${await startOf(String(process.pid))}\n`

/** @param mark what stands in the file at `path` */
export async function ownerOf(mark: string, path: string): Promise<LockOwner> {
  const [host, pid = '', started] = mark.trim().split(' ')
  const own = (await ownMark()).trim().split(' ')
  if (started === undefined) return (await isUnwritten(path)) ? 'gone' : 'here'
  if (host !== own[0]) return { host: readable(host), heardAt: (await stat(path)).mtimeMs }
  // The numbers of processes come round again: the time of its start tells two of them apart.
  return /^\d+$/.test(pid) && pid !== own[1] && (await startOf(pid)) === started ? 'here' : 'gone'
}

const readable = (host = ''): string => host.replace(/[^\w.-]/g, '').slice(0, 64) || 'another machine'

/** Whether nobody is going to write the mark at `path` any more. */
export async function isUnwritten(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found === undefined || Math.abs(Date.now() - found.mtimeMs) >= UNWRITTEN_MS
}

/** Dead, with or without somebody who has yet to look after it (Linux; proc(5), field 3). */
const DEAD: ReadonlySet<string | undefined> = new Set(['Z', 'X', 'x'])

/** Ticks from boot to the start of a process (Linux; proc(5), field 22); `alive` or `gone` elsewhere. */
async function startOf(pid: string): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text !== undefined) {
    // The name of the program stands in brackets and may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return DEAD.has(fields[0]) ? 'gone' : (fields[19] ?? 'alive')
  }
  if (process.platform === 'linux') return 'gone'
  try {
    process.kill(Number(pid), 0)
    return 'alive'
  } catch (error) {
    return codeOf(error) === 'EPERM' ? 'alive' : 'gone'
  }
}
