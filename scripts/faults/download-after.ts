import { Database } from 'bun:sqlite'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileServer } from '../../test/support/file-server.ts'
import { beginImport, type ProgramScene, totalOf } from './download-program.ts'
import { bytesIn, type Interval, MIB, mib, notedOf, wrongUnderName } from './download-scene.ts'

const PATIENCE_MS = 60_000

/** What each model has that must not be sent again: all of it where it has its final name. */
export interface Kept {
  readonly intervals: readonly (readonly Interval[])[]
  readonly bytes: number
  /** How much of that was sent by now. */
  readonly sent: readonly number[]
}

export function keptOf({ models }: ProgramScene): Kept {
  const intervals = models.map(({ file, target }) =>
    existsSync(target) ? [[0, file.bytes.length] as const] : notedOf(target),
  )
  return {
    intervals,
    bytes: intervals.reduce((sum, each) => sum + bytesIn(each), 0),
    sent: models.map(({ server }, at) => sentIn(server, intervals[at] ?? [])),
  }
}

const sentIn = (server: FileServer, intervals: readonly Interval[]): number =>
  intervals.reduce((sum, [begin, end]) => sum + server.sentOf(begin, end), 0)

/** What was kept and sent all the same. */
export function sentAgain({ models }: ProgramScene, kept: Kept): string[] {
  return models.flatMap(({ server }, at) => {
    const more = sentIn(server, kept.intervals[at] ?? []) - (kept.sent[at] ?? 0)
    return more === 0 ? [] : [`bytes that were kept were sent again: ${more} of model-${at}`]
  })
}

/** Under the final names there is nothing, or the file. */
export const wrongModels = ({ models }: ProgramScene): string[] =>
  models.flatMap(({ target, file }) => wrongUnderName(target, file))

/** What is wrong when everything has come to its end. */
export function wrongAfterwards(scene: ProgramScene): string[] {
  const missing = scene.models.filter(({ target }) => !existsSync(target)).map(({ target }) => `${target} is not there`)
  const known = new Set(scene.models.map(({ target }) => target))
  const folder = join(scene.root, 'loras')
  const left = readdirSync(folder).filter((name) => !known.has(join(folder, name)))
  return [
    ...missing,
    ...wrongModels(scene),
    ...(left.length > 0 ? [`beside the files there is left: ${left.sort().join(', ')}`] : []),
  ]
}

interface StoredJob {
  readonly id: string
  readonly kind: string
  readonly status: string
  readonly state: string
}

/** Of a process that is gone, read from a copy: the next one finds what that left, and nothing else. */
export function jobsLeft(data: string): readonly StoredJob[] {
  const dir = mkdtempSync(join(tmpdir(), 'airkeep-jobs-'))
  try {
    for (const name of ['airkeep.db', 'airkeep.db-wal']) {
      if (existsSync(join(data, name))) copyFileSync(join(data, name), join(dir, name))
    }
    return storedJobs(dir, false)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** Every job of a data directory; `readonly` where a process has it. */
export function storedJobs(data: string, readonly = true): readonly StoredJob[] {
  const path = join(data, 'airkeep.db')
  if (!existsSync(path)) return []
  using database = new Database(path, readonly ? { readonly } : { readwrite: true })
  const isThere = database.query("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").get() !== null
  return isThere ? database.query<StoredJob, []>('SELECT id, kind, status, state FROM jobs').all() : []
}

const LIVE = ['queued', 'running', 'paused']

/** Waits until no job is left to do. @returns those that did not come to a good end */
export async function unfinishedJobs(data: string): Promise<readonly StoredJob[]> {
  for (const began = Date.now(); Date.now() - began < PATIENCE_MS; await Bun.sleep(50)) {
    if (storedJobs(data).every(({ status }) => !LIVE.includes(status))) break
  }
  return storedJobs(data).filter(({ state, status }) => status !== 'succeeded' || state === 'partially_completed')
}

/** Waits until no job is left to do, and tells of those that did not come to a good end. */
export async function notCompleted(scene: ProgramScene): Promise<string[]> {
  const unfinished = await unfinishedJobs(scene.executable.data)
  return unfinished.map(({ id, kind, status, state }) => `${kind} ${id} is ${status} (${state})`)
}

/** The last run: nobody asks it for a job that was accepted. */
export async function broughtToEnd(scene: ProgramScene, accepted = true): Promise<string[]> {
  const server = await scene.serve()
  if (!accepted && (await beginImport(server, scene.prompt)) === undefined) return ['the last server took no job']
  const wrong = await notCompleted(scene)
  if ((await server.stop()) !== 0) wrong.push(`the last server did not end well: ${server.stderr()}`)
  return wrong
}

export function sentOnce(scene: ProgramScene): string[] {
  const more = scene.sentBytes() - totalOf(scene)
  return more > MIB ? [`${mib(more)} were sent twice`] : []
}

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const began = Date.now(); !(await isSo()); await Bun.sleep(20)) {
    if (Date.now() - began > PATIENCE_MS) throw new Error('What was waited for did not come in a minute')
  }
}
