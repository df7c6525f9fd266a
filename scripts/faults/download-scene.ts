import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { DownloadTuning } from '../../src/download/tuning.ts'
import { sha256Of } from '../../test/support/fake-hugging-face-cdn.ts'
import { type Conduct, type FileRequest, type FileServer, startFileServer } from '../../test/support/file-server.ts'
import type { ChildTask, Outcome } from './download-run.ts'
import { safetensors } from './model-bytes.ts'

/** How one case went: told in one line, and wrong where there are deviations. */
export interface CaseReport {
  readonly name: string
  readonly figures: string
  readonly deviations: readonly string[]
}

export interface Deviation {
  /** `download 3, after 7 kills`. */
  readonly when: string
  readonly what: string
}

/** The same deviation at several moments is told once, with the first of them. */
export function grouped(deviations: readonly Deviation[]): string[] {
  const groups = new Map<string, string[]>()
  for (const { when, what } of deviations) {
    // Names of files that are new each time.
    const key = what.replaceAll(/tmp_\w+/g, 'tmp_…').replaceAll(/(?<=left: ).*(tmp_…).*/g, '…$1')
    groups.set(key, [...(groups.get(key) ?? []), when])
  }
  return [...groups].map(([what, times]) => `${what} (${times.length} times, first: ${times[0]})`)
}

export const MIB = 2 ** 20

/** What is to be downloaded. */
export interface TestFile {
  readonly bytes: Buffer
  readonly sha256: string
}

export function testFile(seed: number, sizeBytes: number): TestFile {
  const bytes = safetensors(seed, sizeBytes)
  return { bytes, sha256: sha256Of(bytes) }
}

/** Small pieces and frequent notes, so that little files have many moments at which something can go wrong. */
export const SMALL_TUNING: Partial<DownloadTuning> = {
  minSegmentBytes: MIB,
  maxSegmentBytes: 2 * MIB,
  blockBytes: 256 * 1024,
  syncEveryMs: 100,
  syncEveryBytes: 2 * MIB,
  retryFirstMs: 50,
  retryMaxMs: 500,
}

/** A server of that file which counts what it sends. */
export const serveFile = (
  file: TestFile,
  conduct: (request: FileRequest) => Conduct | undefined = () => undefined,
  port = 0,
): Promise<FileServer> => startFileServer(file.bytes, conduct, port)

export type Interval = readonly [begin: number, end: number]

/** What the notes beside a part vouch for. */
export function notedOf(target: string): readonly Interval[] {
  try {
    return (JSON.parse(readFileSync(`${target}.part.json`, 'utf8')) as { intervals: Interval[] }).intervals
  } catch {
    return []
  }
}

export const bytesIn = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, [begin, end]) => sum + end - begin, 0)

/**
 * As after a power cut: what no note vouches for is not what was written. Of a part that already has its final name too
 * nothing is changed: it is synced before it gets it.
 */
export function spoilUnnoted(target: string): void {
  const part = `${target}.part`
  if (existsSync(target) || !existsSync(part)) return
  const size = statSync(part).size
  const handle = openSync(part, 'r+')
  let at = 0
  for (const [begin, end] of [...notedOf(target), [size, size] as const]) {
    if (begin > at) writeSync(handle, Buffer.alloc(begin - at, 0xa5), 0, begin - at, at)
    at = end
  }
  closeSync(handle)
}

/** What is wrong under the final name while a download is not over: a file that is there must be the whole one. */
export function wrongUnderName(target: string, file: TestFile): string[] {
  if (!existsSync(target)) return []
  return readFileSync(target).equals(file.bytes) ? [] : [`${target} has wrong bytes (${statSync(target).size} of them)`]
}

/** What is wrong after a download that came to its end. */
export function wrongAtEnd(target: string, file: TestFile): string[] {
  if (!existsSync(target)) return [`${target} is not there`]
  const names = readdirSync(dirname(target)).filter((name) => !target.endsWith(`/${name}`))
  return [
    ...wrongUnderName(target, file),
    ...(names.length > 0 ? [`beside the file there is left: ${names.sort().join(', ')}`] : []),
  ]
}

export const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`

/** Deviations of an outcome from the code that it has to have. */
export const unlike = (outcome: Outcome | undefined, code: string): string[] =>
  outcome?.code === code ? [] : [`it ended with ${outcome?.code} ${outcome?.message}, not with ${code}`]

/** A download as it is in most cases. */
export const taskOf = (
  file: TestFile,
  target: string,
  urls: readonly string[],
  over: Partial<ChildTask> = {},
): ChildTask => ({ ...{ target, urls, sha256: file.sha256, maxRanges: 4, tuning: SMALL_TUNING }, ...over })

/** Resolves when notes vouch for so many bytes. */
export async function untilNoted(target: string, bytes: number): Promise<void> {
  for (const began = Date.now(); bytesIn(notedOf(target)) < bytes; await Bun.sleep(10)) {
    if (Date.now() - began > 60_000) throw new Error(`Not even ${bytes} bytes of ${target} were noted in a minute`)
  }
}

/** One case after the other; one that breaks off is told too, and keeps none of the others away. */
export async function inTurn(plays: readonly (() => Promise<CaseReport>)[]): Promise<readonly CaseReport[]> {
  const reports: CaseReport[] = []
  for (const play of plays) {
    const brokeOff = (error: unknown): CaseReport => ({
      ...{ name: play.name, figures: 'broke off' },
      deviations: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    })
    reports.push(await play().catch(brokeOff))
  }
  return reports
}

/** An empty folder in the place of whatever is there. */
export function emptyFolder(path: string): void {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
}
