import { readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DownloadTuning } from '../../src/download/tuning.ts'
import type { Conduct, FileRequest } from '../../test/support/file-server.ts'
import { startPaced } from '../bench/paced.ts'
import { untilNoted } from './download-disks.ts'
import { type ChildTask, startDownload } from './download-run.ts'
import {
  type CaseReport,
  emptyFolder,
  MIB,
  SMALL_TUNING,
  serveFile,
  type TestFile,
  testFile,
  wrongAtEnd,
  wrongUnderName,
} from './download-scene.ts'

const FILE_BYTES = 16 * MIB
const RATE = 2 * MIB
const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`

/** Networks, servers, clocks and bytes that are not as they should be. */
export async function overNetworks(folder: string, cutSeconds: number): Promise<readonly CaseReport[]> {
  const file = testFile(4, FILE_BYTES)
  const target = (name: string): string => {
    const path = join(folder, name, 'model.safetensors')
    emptyFolder(dirname(path))
    return path
  }
  // Both mostly wait.
  const cuts = await Promise.all([
    refused(file, target('refused'), cutSeconds),
    silent(file, target('silent'), cutSeconds),
  ])
  return [
    ...cuts,
    await dyingSource(file, target('dying')),
    await flippedForEver(file, target('flipped')),
    await flippedOnce(file, target('flipped-once')),
    await oneLiar(file, target('one-liar')),
    await jumpingClock(file, target('clock')),
  ]
}

const taskOf = (file: TestFile, target: string, urls: readonly string[], over: Partial<ChildTask> = {}): ChildTask => ({
  ...{ target, urls, sha256: file.sha256, maxRanges: 4, tuning: SMALL_TUNING, ...over },
})

/** How it waits is measured as it is: only the pieces are small. */
const REAL_WAITS: Partial<DownloadTuning> = { ...SMALL_TUNING, retryFirstMs: 1_000, retryMaxMs: 15_000 }

/** The server's machine says at once that nobody is there. */
async function refused(file: TestFile, target: string, cutSeconds: number): Promise<CaseReport> {
  const conduct = (): Conduct => ({ bytesPerSecond: RATE })
  const before = await serveFile(file, conduct)
  const running = startDownload(taskOf(file, target, [before.url], { tuning: REAL_WAITS }))
  await untilNoted(target, 4 * MIB)
  await before.close()
  await Bun.sleep(cutSeconds * 1_000)
  const after = await serveFile(file, conduct, Number(new URL(before.url).port))
  const back = performance.now()
  try {
    const outcome = await running.ended
    const seconds = (performance.now() - back) / 1_000
    const sent = before.sentBytes() + after.sentBytes()
    const deviations = wrongAtEnd(target, file)
    if (outcome?.code !== 'ok') deviations.push(`it ended with ${outcome?.code} ${outcome?.message}`)
    if (sent > FILE_BYTES + 4 * MIB) deviations.push(`${mib(sent)} were sent`)
    const figures = `done ${seconds.toFixed(1)} s after it was back, ${mib(sent)} sent for ${mib(FILE_BYTES)}`
    return { name: `network cut for ${cutSeconds} s, connections refused`, figures, deviations }
  } finally {
    await after.close()
  }
}

/** Nothing says anything: packets are lost. */
async function silent(file: TestFile, target: string, cutSeconds: number): Promise<CaseReport> {
  const served = `${target}.served`
  writeFileSync(served, file.bytes)
  const server = await startPaced(served, { perConnection: RATE })
  try {
    const running = startDownload(taskOf(file, target, [server.url], { tuning: REAL_WAITS }))
    await untilNoted(target, 4 * MIB)
    process.kill(server.pid, 'SIGSTOP')
    await Bun.sleep(cutSeconds * 1_000)
    process.kill(server.pid, 'SIGCONT')
    const back = performance.now()
    const outcome = await running.ended
    const seconds = (performance.now() - back) / 1_000
    await Bun.file(served).delete()
    const deviations = wrongAtEnd(target, file)
    if (outcome?.code !== 'ok') deviations.push(`it ended with ${outcome?.code} ${outcome?.message}`)
    const received = outcome?.fetchedBytes ?? 0
    if (received > FILE_BYTES + 2 * MIB) deviations.push(`${mib(received)} were received`)
    const figures = `done ${seconds.toFixed(1)} s after it was back, ${mib(received)} received for ${mib(FILE_BYTES)}`
    return { name: `network cut for ${cutSeconds} s, silence`, figures, deviations }
  } finally {
    await server.stop()
  }
}

async function dyingSource(file: TestFile, target: string): Promise<CaseReport> {
  const conduct = (): Conduct => ({ bytesPerSecond: RATE })
  const [dying, staying] = [await serveFile(file, conduct), await serveFile(file, conduct)]
  try {
    const running = startDownload(taskOf(file, target, [dying.url, staying.url]))
    await untilNoted(target, 4 * MIB)
    await dying.close()
    const outcome = await running.ended
    const sent = dying.sentBytes() + staying.sentBytes()
    const deviations = wrongAtEnd(target, file)
    if (outcome?.code !== 'ok') deviations.push(`it ended with ${outcome?.code} ${outcome?.message}`)
    if (sent > FILE_BYTES + 4 * MIB) deviations.push(`${mib(sent)} were sent`)
    const figures = `${mib(dying.sentBytes())} from the one that died, ${mib(staying.sentBytes())} from the other`
    return { name: 'one of two sources dying', figures, deviations }
  } finally {
    await staying.close()
  }
}

/** The file with one bit the other way, of the same size. */
function flipped(file: TestFile): Buffer {
  const bytes = Buffer.from(file.bytes)
  const at = Math.floor(bytes.length * 0.7)
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  return bytes
}

async function flippedForEver(file: TestFile, target: string): Promise<CaseReport> {
  const wrong = flipped(file)
  const server = await serveFile(file, () => ({ file: wrong }))
  try {
    const outcome = await startDownload(taskOf(file, target, [server.url])).ended
    const deviations = wrongUnderName(target, file)
    if (outcome?.code !== 'checksum_mismatch') deviations.push(`it ended with ${outcome?.code} ${outcome?.message}`)
    if (!outcome?.message.includes(file.sha256)) deviations.push('the error does not name the digest that was wanted')
    const digests = outcome?.message.match(/[0-9a-f]{64}/g)?.length ?? 0
    if (digests < 2) deviations.push(`the error names ${digests} digests: ${outcome?.message}`)
    if (await Bun.file(target).exists()) deviations.push('something has the final name')
    const left = readdirSync(dirname(target)).sort().join(', ')
    if (left !== '.airkeep-quarantine') deviations.push(`there is left: ${left}`)
    const times = server.sentBytes() / FILE_BYTES
    if (times > 2.2) deviations.push(`it was fetched ${times.toFixed(1)} times`)
    const figures = `${outcome?.code} after ${times.toFixed(2)} fetches, in quarantine, nothing under the final name`
    return { name: 'one flipped bit, every time', figures, deviations }
  } finally {
    await server.close()
  }
}

async function flippedOnce(file: TestFile, target: string): Promise<CaseReport> {
  const wrong = flipped(file)
  let sent = 0
  const conduct = ({ begin = 0, end = FILE_BYTES }: FileRequest): Conduct => {
    const first = sent < FILE_BYTES
    sent += end - begin
    return first ? { file: wrong } : {}
  }
  const server = await serveFile(file, conduct)
  try {
    const outcome = await startDownload(taskOf(file, target, [server.url])).ended
    const deviations = wrongUnderName(target, file)
    if (outcome?.code !== 'ok') deviations.push(`it ended with ${outcome?.code} ${outcome?.message}`)
    const times = (server.sentBytes() / FILE_BYTES).toFixed(2)
    return { name: 'one flipped bit, once', figures: `${outcome?.code} after ${times} fetches`, deviations }
  } finally {
    await server.close()
  }
}

async function oneLiar(file: TestFile, target: string): Promise<CaseReport> {
  const wrong = flipped(file)
  const liar = await serveFile(file, () => ({ file: wrong, bytesPerSecond: 4 * RATE }))
  const honest = await serveFile(file, () => ({ bytesPerSecond: 4 * RATE }))
  try {
    const outcome = await startDownload(taskOf(file, target, [honest.url, liar.url])).ended
    const deviations = wrongUnderName(target, file)
    if (outcome?.code !== 'ok') deviations.push(`it ended with ${outcome?.code} ${outcome?.message}`)
    const sent = `${mib(honest.sentBytes())} from the honest one, ${mib(liar.sentBytes())} from the other`
    return { name: 'one of two sources with a flipped bit', figures: `${outcome?.code}, ${sent}`, deviations }
  } finally {
    await Promise.all([liar.close(), honest.close()])
  }
}

async function jumpingClock(file: TestFile, target: string): Promise<CaseReport> {
  const server = await serveFile(file, () => ({ bytesPerSecond: RATE }))
  try {
    const task = taskOf(file, target, [server.url], { jumps: 50 })
    const first = startDownload(task)
    await untilNoted(target, 4 * MIB)
    await first.kill()
    await first.ended
    const outcome = await startDownload(task).ended
    const deviations = wrongAtEnd(target, file)
    const sent = server.sentBytes()
    if (outcome?.code !== 'ok') deviations.push(`it ended with ${outcome?.code} ${outcome?.message}`)
    if (sent > FILE_BYTES + 8 * MIB) deviations.push(`${mib(sent)} were sent`)
    const figures = `400 days to and fro every 50 ms, killed once: ${outcome?.code}, ${mib(sent)} sent`
    return { name: 'a clock that jumps', figures, deviations }
  } finally {
    await server.close()
  }
}
