import { readFileSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from '../lib/files.ts'
import { isJsonObject } from '../lib/json.ts'

/** What a running `serve` leaves for the commands that want to be its clients. */
export interface ServeFile {
  /** Where this host reaches it. */
  readonly url: string
  readonly pid: number
  /** Bearer token of the owner of the data directory; new with each start. */
  readonly secret: string
  readonly version: string
}

const fileOf = (dataDir: string): string => join(dataDir, 'serve.json')

/** Readable by its owner alone: whoever reads it may do everything. */
export const writeServeFile = (dataDir: string, content: ServeFile): Promise<void> =>
  writeAtomic(fileOf(dataDir), `${JSON.stringify(content)}\n`, { mode: 0o600 })

/** Undefined where there is none, or none that can be used. */
export async function readServeFile(dataDir: string): Promise<ServeFile | undefined> {
  try {
    return parse(await readFile(fileOf(dataDir), 'utf8'))
  } catch {
    return undefined
  }
}

/** Removes the file unless another process has written its own since; synchronous, for the way out. */
export function removeServeFile(dataDir: string, secret: string): void {
  try {
    if (parse(readFileSync(fileOf(dataDir), 'utf8'))?.secret === secret) rmSync(fileOf(dataDir))
  } catch {
    // Gone already, or not readable: a stale file is known by its pid.
  }
}

function parse(text: string): ServeFile | undefined {
  const value: unknown = JSON.parse(text)
  if (!isJsonObject(value)) return undefined
  const { url, pid, secret, version } = value
  if (typeof url !== 'string' || !URL.canParse(url) || typeof secret !== 'string') return undefined
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined
  return { url, pid, secret, version: typeof version === 'string' ? version : '' }
}

/** Whether a process with this id exists, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
