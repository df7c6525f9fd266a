import { dirname } from 'node:path'
import { median } from '../bench/server.ts'
import { type ChildTask, startDownload } from './download-run.ts'
import {
  bytesIn,
  type CaseReport,
  type Deviation,
  emptyFolder,
  grouped,
  type Interval,
  MIB,
  notedOf,
  SMALL_TUNING,
  serveFile,
  spoilUnnoted,
  testFile,
  wrongAtEnd,
  wrongUnderName,
} from './download-scene.ts'
import type { Random } from './random.ts'

const FILE_BYTES = 24 * MIB
const RATE = 4 * MIB
const CONNECTIONS = 4

/** Written and not yet noted, twice for what comes during a sync; blocks in memory; and what sockets hold. */
const TAIL_BYTES = 2 * 2 * MIB + CONNECTIONS * (2 * MIB * 0.25 + MIB)

/**
 * Kills downloads at random moments, one to five times each, and lets the last run end. Each other time what no note
 * vouches for is spoiled, as by a power cut.
 */
export async function killedDownloads(folder: string, kills: number, random: Random): Promise<CaseReport> {
  const file = testFile(1, FILE_BYTES)
  const target = `${folder}/kills/model.safetensors`
  const server = await serveFile(file, () => ({ bytesPerSecond: RATE }))
  const task: ChildTask = {
    ...{ target, urls: [server.url], sha256: file.sha256 },
    ...{ maxRanges: CONNECTIONS, tuning: SMALL_TUNING },
  }
  const deviations: Deviation[] = []
  const lost: number[] = []
  let afterName = 0
  let downloads = 0
  try {
    const seconds = await usual(task)
    while (lost.length < kills) {
      emptyFolder(dirname(target))
      downloads += 1
      const wanted = random.between(1, 5)
      for (let at = 0; at < wanted && lost.length < kills; at += 1) {
        const found = await killOne(seconds)
        if (found === undefined) break
      }
      const before = notedOf(target)
      const sent = before.map(([begin, end]) => server.sentOf(begin, end))
      const outcome = await startDownload(task).ended
      const wrong = [...wrongAtEnd(target, file), ...fetchedTwice(before, sent)]
      if (outcome?.code !== 'ok') wrong.push(`the last run ended with ${outcome?.code} ${outcome?.message}`)
      note(wrong)
    }
  } finally {
    await server.close()
  }
  const mib = (bytes: number): string => (bytes / MIB).toFixed(1)
  const [most, middle] = [Math.max(...lost), median(lost)]
  if (most > TAIL_BYTES) note([`${mib(most)} MiB were lost, more than the unsynced tail of ${mib(TAIL_BYTES)}`])
  return {
    name: 'SIGKILL at random moments',
    figures:
      `${lost.length} kills in ${downloads} downloads of ${FILE_BYTES / MIB} MiB, ${afterName} of them after the file ` +
      `had its name; sent and not noted by then: median ${mib(middle)}, at most ${mib(most)} MiB; noted bytes sent again: ` +
      `${deviations.some(({ what }) => what.includes('again')) ? 'some' : 'none'}`,
    deviations: grouped(deviations),
  }

  function note(wrong: readonly string[]): void {
    const when = `download ${downloads}, after ${lost.length} kills`
    deviations.push(...wrong.map((what) => ({ when, what })))
  }

  /** Gives undefined for a run that ended before. */
  async function killOne(seconds: number): Promise<true | undefined> {
    const before = notedOf(target)
    const sentBefore = before.map(([begin, end]) => server.sentOf(begin, end))
    const total = server.sentBytes()
    const run = startDownload(task)
    await run.pid
    const left = 1 - bytesIn(before) / file.bytes.length
    const timer = setTimeout(() => void run.kill(), Math.sqrt(random.next()) * (0.2 + 0.85 * left) * seconds * 1_000)
    const outcome = await run.ended
    clearTimeout(timer)
    // It goes on sending until it notices.
    while (server.atOnce() > 0) await Bun.sleep(5)
    note([...wrongUnderName(target, file), ...fetchedTwice(before, sentBefore)])
    if (outcome !== undefined) return undefined
    if (await Bun.file(target).exists()) afterName += 1
    else lost.push(server.sentBytes() - total - (bytesIn(notedOf(target)) - bytesIn(before)))
    if (lost.length % 2 === 0) spoilUnnoted(target)
    return true
  }

  function fetchedTwice(noted: readonly Interval[], sent: readonly number[]): string[] {
    return noted.flatMap(([begin, end], at) => {
      const more = server.sentOf(begin, end) - (sent[at] ?? 0)
      return more === 0 ? [] : [`${more} bytes between ${begin} and ${end} were noted and sent again`]
    })
  }

  async function usual(of: ChildTask): Promise<number> {
    emptyFolder(dirname(target))
    const run = startDownload(of)
    await run.pid
    const began = performance.now()
    const outcome = await run.ended
    if (outcome?.code !== 'ok') throw new Error(`A download ended with ${outcome?.code}: ${outcome?.message}`)
    return (performance.now() - began) / 1_000
  }
}
