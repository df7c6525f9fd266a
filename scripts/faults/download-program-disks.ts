import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import type { Server } from '../../test/support/executable.ts'
import { overHttp } from '../../test/support/surfaces.ts'
import { keptOf, sentAgain, until, wrongAfterwards, wrongModels } from './download-after.ts'
import { beginImport, type ProgramScene, startProgramScene } from './download-program.ts'
import { type CaseReport, inTurn, MIB, mib } from './download-scene.ts'
import { mountSmallDisk, type SmallDisk } from './small-disk.ts'

const RATE = 4 * MIB
const DISK_BYTES = 32 * MIB
const ENDED = ['completed', 'partially_completed', 'failed', 'cancelled']

/** What the executable makes of full disks. */
export const fullDisks = (): Promise<readonly CaseReport[]> => inTurn([fullModels, fullData])

async function fullModels(): Promise<CaseReport> {
  await using scene = await startProgramScene([8, 12], RATE)
  using disk = mount(join(scene.root, 'loras'))
  const server = await scene.serve()
  const jobId = String(await beginImport(server, scene.prompt))
  await until(() => keptOf(scene).bytes >= 4 * MIB)
  disk.fill(0)
  const full = await untilEnded(server, jobId)
  const kept = keptOf(scene)
  const deviations = wrongModels(scene)
  if (full.status !== 'partially_completed') deviations.push(`with a full disk the job is ${JSON.stringify(full)}`)
  disk.makeRoom()
  deviations.push(...(await retried(scene, server, jobId)), ...sentAgain(scene, kept))
  const figures = `${String(full.status)} with ${mib(kept.bytes)} kept; with room a retry fetched the rest`
  return { name: 'models on a disk that gets full', figures, deviations }
}

/** No state of a job can be written for a while: it waits, or says that the disk is full; nothing is fetched again. */
async function fullData(): Promise<CaseReport> {
  await using scene = await startProgramScene([8, 12], RATE)
  using disk = mount(scene.executable.data)
  const server = await scene.serve()
  const jobId = String(await beginImport(server, scene.prompt))
  await until(() => keptOf(scene).bytes >= 4 * MIB)
  disk.fill(0)
  // Longer than the files take.
  await Bun.sleep(6_000)
  const deviations = wrongModels(scene)
  const kept = keptOf(scene)
  disk.makeRoom()
  const { status } = await untilEnded(server, jobId)
  if (status !== 'completed') deviations.push(...(await retried(scene, server, jobId)))
  else await server.stop()
  deviations.push(...wrongAfterwards(scene), ...sentAgain(scene, kept))
  const figures = `full for 6 s with ${mib(kept.bytes)} kept; with room the job was ${status}, a retry fetched nothing again`
  return { name: 'a data directory on a disk that gets full', figures, deviations }
}

function mount(path: string): SmallDisk {
  const disk = mountSmallDisk(path, DISK_BYTES)
  if (disk === undefined) throw new Error('This user may mount no disk in memory')
  return disk
}

async function retried(scene: ProgramScene, server: Server, jobId: string): Promise<string[]> {
  await overHttp(server.url).invoke('retry_import_job', { job_id: jobId })
  const job = await untilEnded(server, jobId)
  const deviations = job.status === 'completed' ? [] : [`after a retry the job is ${JSON.stringify(job)}`]
  if ((await server.stop()) !== 0) deviations.push(`the server did not end well: ${server.stderr()}`)
  return [...deviations, ...wrongAfterwards(scene)]
}

async function untilEnded(server: Server, jobId: string): Promise<JsonObject> {
  let job: JsonObject = {}
  await until(async () => {
    job = await overHttp(server.url).invoke('get_import_job', { job_id: jobId })
    return ENDED.includes(String(job.status))
  })
  return job
}
