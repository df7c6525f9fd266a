import { existsSync, statSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { placeFile } from '../../src/download/place.ts'
import type { FileServer } from '../../test/support/file-server.ts'
import { type ChildTask, type Outcome, startDownload } from './download-run.ts'
import {
  bytesIn,
  type CaseReport,
  emptyFolder,
  MIB,
  mib,
  notedOf,
  serveFile,
  type TestFile,
  taskOf,
  testFile,
  unlike,
  untilNoted,
  wrongAtEnd,
  wrongUnderName,
} from './download-scene.ts'
import { mountSmallDisk, type SmallDisk } from './small-disk.ts'

const FILE_BYTES = 8 * MIB
const DISK_BYTES = 16 * MIB
/** A second for the whole file: time to do something meanwhile. */
const RATE = 2 * MIB

interface Scene {
  readonly folder: string
  readonly file: TestFile
  readonly server: FileServer
  task(target: string): ChildTask
}

/** Disks that are not as a download would like them. */
export async function onDisks(folder: string): Promise<readonly CaseReport[]> {
  const file = testFile(3, FILE_BYTES)
  const server = await serveFile(file, () => ({ bytesPerSecond: RATE }))
  const scene: Scene = {
    ...{ folder, file, server },
    task: (target) => taskOf(file, target, [server.url]),
  }
  try {
    return await onSmallDisk(scene)
  } finally {
    await server.close()
  }
}

async function onSmallDisk(scene: Scene): Promise<readonly CaseReport[]> {
  const path = join(scene.folder, 'small-disk')
  const reports: CaseReport[] = []
  for (const play of [tooSmall, fullMeanwhile, readOnly, readOnlyMeanwhile, acrossFilesystems]) {
    using disk = mountSmallDisk(path, DISK_BYTES)
    if (disk === undefined) {
      return [{ name: 'disks', figures: 'not tried: this user may mount none', deviations: ['nothing was tried'] }]
    }
    reports.push(await play(scene, disk))
  }
  return reports
}

const run = (task: ChildTask): Promise<Outcome | undefined> => startDownload(task).ended

/** The next run, when what was wrong has been put right: nothing that was noted is sent again. */
async function recover(scene: Scene, task: ChildTask): Promise<string[]> {
  const noted = notedOf(task.target)
  const sent = noted.map(([begin, end]) => scene.server.sentOf(begin, end))
  const outcome = await run(task)
  const again = noted.filter(([begin, end], at) => scene.server.sentOf(begin, end) !== sent[at])
  return [
    ...unlike(outcome, 'ok').map((text) => `afterwards ${text}`),
    ...(again.length > 0 ? [`afterwards noted bytes were sent again: ${JSON.stringify(again)}`] : []),
    ...wrongAtEnd(task.target, scene.file),
  ]
}

async function tooSmall(scene: Scene, disk: SmallDisk): Promise<CaseReport> {
  const task = scene.task(join(disk.path, 'model.safetensors'))
  disk.fill(5 * MIB)
  const before = scene.server.sentBytes()
  const outcome = await run(task)
  const sent = scene.server.sentBytes() - before
  const deviations = [...unlike(outcome, 'disk_full'), ...wrongUnderName(task.target, scene.file)]
  // What was on its way when the answer's head told the size.
  if (sent > 2 * MIB) deviations.push(`${mib(sent)} were sent before it was refused`)
  disk.makeRoom()
  deviations.push(...(await recover(scene, task)))
  return { name: 'a disk too small', figures: `refused after ${mib(sent)}: ${outcome?.message}`, deviations }
}

async function fullMeanwhile(scene: Scene, disk: SmallDisk): Promise<CaseReport> {
  const task = scene.task(join(disk.path, 'model.safetensors'))
  const running = startDownload(task)
  await untilNoted(task.target, 2 * MIB)
  disk.fill(MIB)
  const outcome = await running.ended
  const noted = bytesIn(notedOf(task.target))
  const deviations = [...unlike(outcome, 'disk_full'), ...wrongUnderName(task.target, scene.file)]
  if (noted < 2 * MIB) deviations.push(`only ${mib(noted)} were kept`)
  disk.makeRoom()
  deviations.push(...(await recover(scene, task)))
  return {
    name: 'a disk that gets full',
    figures: `${mib(noted)} were kept, the next run fetched the rest`,
    deviations,
  }
}

async function readOnly(scene: Scene, disk: SmallDisk): Promise<CaseReport> {
  const task = scene.task(join(disk.path, 'model.safetensors'))
  disk.setReadOnly(true)
  const before = scene.server.sentBytes()
  const outcome = await run(task)
  const sent = scene.server.sentBytes() - before
  const deviations = [...unlike(outcome, 'forbidden'), ...(sent > 0 ? [`${sent} bytes were sent all the same`] : [])]
  disk.setReadOnly(false)
  deviations.push(...(await recover(scene, task)))
  return { name: 'a read-only target', figures: `refused after ${sent} bytes: ${outcome?.message}`, deviations }
}

/** As a damaged disk becomes, which the kernel then only reads. */
async function readOnlyMeanwhile(scene: Scene, disk: SmallDisk): Promise<CaseReport> {
  const task = scene.task(join(disk.path, 'model.safetensors'))
  const running = startDownload(task)
  await untilNoted(task.target, 2 * MIB)
  await running.kill()
  await running.ended
  disk.setReadOnly(true)
  const outcome = await run(task)
  const deviations = unlike(outcome, 'forbidden')
  disk.setReadOnly(false)
  deviations.push(...(await recover(scene, task)))
  return { name: 'a target that became read-only', figures: `refused: ${outcome?.message}`, deviations }
}

/** The part lies beside its target whatever that folder is on; a finished file is carried over by a copy. */
async function acrossFilesystems(scene: Scene, disk: SmallDisk): Promise<CaseReport> {
  const linked = join(scene.folder, 'linked')
  symlinkSync(disk.path, linked)
  const task = scene.task(join(linked, 'model.safetensors'))
  const deviations = [...unlike(await run(task), 'ok'), ...wrongAtEnd(task.target, scene.file)]
  const here = join(scene.folder, 'carried')
  emptyFolder(here)
  const target = join(here, basename(task.target))
  await placeFile({ from: task.target, target })
  deviations.push(...wrongAtEnd(target, scene.file))
  if (existsSync(task.target)) deviations.push('the copied file is still where it was')
  const figures = `${mib(statSync(target).size)} through a link to another filesystem, and carried back from there`
  return { name: 'a target on another filesystem', figures, deviations }
}
