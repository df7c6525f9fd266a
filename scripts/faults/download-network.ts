import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DownloadTuning } from '../../src/download/tuning.ts'
import type { Conduct } from '../../test/support/file-server.ts'
import { startPaced } from '../bench/paced.ts'
import { startDownload } from './download-run.ts'
import {
  type CaseReport,
  emptyFolder,
  MIB,
  mib,
  SMALL_TUNING,
  serveFile,
  type TestFile,
  taskOf,
  testFile,
  untilNoted,
  wrongAtEnd,
} from './download-scene.ts'

const FILE_BYTES = 16 * MIB
const RATE = 2 * MIB

/** Networks, servers and clocks that are not as they should be. */
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
  return [...cuts, await dyingSource(file, target('dying')), await jumpingClock(file, target('clock'))]
}

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
