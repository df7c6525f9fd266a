import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { FileServer } from '../../test/support/file-server.ts'
import { startDownload } from './download-run.ts'
import {
  type CaseReport,
  emptyFolder,
  MIB,
  mib,
  serveFile,
  type TestFile,
  taskOf,
  testFile,
  unlike,
  untilNoted,
  wrongAtEnd,
} from './download-scene.ts'

const FILE_BYTES = 8 * MIB
/** A second for the whole file: time to do something meanwhile. */
const RATE = 2 * MIB

interface Scene {
  readonly folder: string
  readonly file: TestFile
  readonly server: FileServer
}

/** Others that want the same name. */
export async function aboutNames(folder: string): Promise<readonly CaseReport[]> {
  const file = testFile(5, FILE_BYTES)
  const server = await serveFile(file, () => ({ bytesPerSecond: RATE }))
  const scene = { folder, file, server }
  try {
    return [
      await nameTakenMeanwhile(scene, 'another file', Buffer.from('mine')),
      await nameTakenMeanwhile(scene, 'the same file', file.bytes),
      await twoProcesses(scene),
    ]
  } finally {
    await server.close()
  }
}

async function nameTakenMeanwhile(scene: Scene, what: string, bytes: Buffer): Promise<CaseReport> {
  const target = join(scene.folder, 'taken/model.safetensors')
  emptyFolder(dirname(target))
  const task = taskOf(scene.file, target, [scene.server.url])
  const running = startDownload(task)
  await untilNoted(target, 2 * MIB)
  writeFileSync(target, bytes)
  const outcome = await running.ended
  const deviations: string[] = []
  const fits = bytes.equals(scene.file.bytes)
  if (!readFileSync(target).equals(bytes)) deviations.push('the file that appeared was overwritten')
  deviations.push(...unlike(outcome, fits ? 'ok' : 'conflict'))
  const left = readdirSync(dirname(target)).filter((name) => name !== basename(target))
  if (fits && left.length > 0) deviations.push('what was fetched meanwhile is still there')
  const figures = `ended with ${outcome?.code}; the file is untouched; beside it: ${left.sort().join(', ') || 'nothing'}`
  return { name: `${what} appearing under the final name`, figures, deviations }
}

async function twoProcesses(scene: Scene): Promise<CaseReport> {
  const target = join(scene.folder, 'two/model.safetensors')
  emptyFolder(dirname(target))
  const before = scene.server.sentBytes()
  const runs = [
    startDownload(taskOf(scene.file, target, [scene.server.url])),
    startDownload(taskOf(scene.file, target, [scene.server.url])),
  ]
  const outcomes = await Promise.all(runs.map(({ ended }) => ended))
  const codes = outcomes.map((outcome) => outcome?.code).sort()
  const sent = scene.server.sentBytes() - before
  const deviations = wrongAtEnd(target, scene.file)
  if (codes.join() !== 'conflict,ok') deviations.push(`they ended with ${codes.join(' and ')}`)
  if (sent > FILE_BYTES + 2 * MIB) deviations.push(`${mib(sent)} were sent for one file of ${mib(FILE_BYTES)}`)
  return { name: 'two processes, one target', figures: `${codes.join(' and ')}, ${mib(sent)} sent`, deviations }
}
