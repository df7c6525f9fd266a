import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { type Executable, installExecutable, type Server } from '../../test/support/executable.ts'
import { HIGH, LOW, type Payload, payloadBytes } from '../../test/support/payloads.ts'
import { overHttp } from '../../test/support/surfaces.ts'
import { startUpstreamWorld, type UpstreamWorld } from '../../test/support/upstream-world.ts'
import { type CaseReport, MIB } from './download-scene.ts'
import type { Random } from './random.ts'

const ENDED = ['completed', 'partially_completed', 'failed', 'cancelled']
const PATIENCE_MS = 60_000

/** Two files, a second each. */
const RATE = 2 * MIB
const WANTED: readonly (readonly [name: string, payload: Payload])[] = [
  ['high', HIGH],
  ['low', LOW],
]
const PROMPT = `a pier ${WANTED.map(([name]) => `<lora:${name}:1>`).join(' ')}
Steps: 20, Sampler: Euler, Seed: 1, Lora hashes: "${WANTED.map(([name, { sha256 }]) => `${name}: ${sha256}`).join(', ')}"`

/**
 * Kills the executable while it imports a prompt and fetches what that needs, and starts it again: a job that was
 * accepted comes to its end without being asked for again.
 */
export async function killedImports(kills: number, random: Random): Promise<CaseReport> {
  const executable = installExecutable()
  const world = await startUpstreamWorld({ folder: executable.folder })
  world.storagesDo(() => ({ bytesPerSecond: RATE }))
  const deviations: string[] = []
  const counts = { kills: 0, jobs: 0, unaccepted: 0 }
  try {
    while (counts.kills < kills) {
      rmSync(join(world.models, 'loras'), { recursive: true })
      mkdirSync(join(world.models, 'loras'))
      const wrong = await oneImport(executable, world, random, counts)
      deviations.push(...wrong.map((text) => `import ${counts.jobs}, after ${counts.kills} kills: ${text}`))
    }
  } finally {
    await executable.remove()
    await world[Symbol.asyncDispose]()
  }
  const sent = (world.storage.sentBytes() / MIB).toFixed(0)
  const needed = ((counts.jobs * (HIGH.sizeBytes + LOW.sizeBytes)) / MIB).toFixed(0)
  return {
    name: 'SIGKILL of the executable while it imports and fetches',
    figures:
      `${counts.kills} kills in ${counts.jobs} imports, ${counts.unaccepted} of them before the job was accepted; ` +
      `every accepted job ended by itself; ${sent} MiB sent for ${needed} MiB`,
    deviations,
  }
}

async function oneImport(
  executable: Executable,
  world: UpstreamWorld,
  random: Random,
  counts: { kills: number; jobs: number; unaccepted: number },
): Promise<string[]> {
  let jobId: string | undefined
  const wrong: string[] = []
  for (let left = random.between(1, 4); left > 0; left -= 1) {
    const server = await executable.serve([], { env: envOf(world) })
    const timer = setTimeout(() => server.kill('SIGKILL'), random.next() * 1_800)
    jobId ??= await begin(server)
    await Promise.race([server.exited, jobId === undefined ? server.exited : untilEnded(server, jobId)])
    const isOver = server.kill('SIGKILL') === undefined && (await server.exited) === 0
    clearTimeout(timer)
    if (isOver) wrong.push('the server ended by itself')
    counts.kills += 1
    if (jobId === undefined) counts.unaccepted += 1
    wrong.push(...wrongFiles(world, false))
  }
  const server = await executable.serve([], { env: envOf(world) })
  jobId ??= await begin(server)
  counts.jobs += 1
  const job = jobId === undefined ? undefined : await untilEnded(server, jobId)
  if (job?.status !== 'completed') wrong.push(`the job is ${JSON.stringify(job)}`)
  wrong.push(...wrongFiles(world, true))
  if ((await server.stop()) !== 0) wrong.push(`the last server did not end well: ${server.stderr()}`)
  return wrong
}

const envOf = (world: UpstreamWorld): Record<string, string> => ({
  ...world.env,
  AIRKEEP_CIVITAI_ALLOW_TOS_AUTO_ACCEPT: 'true',
  AIRKEEP_LOG: 'warn',
})

/** The job, if its acceptance came through before the kill. */
async function begin(server: Server): Promise<string | undefined> {
  const answer = await overHttp(server.url)
    .invoke('import_prompt', { payload: PROMPT })
    .catch(() => undefined)
  return answer === undefined ? undefined : String(answer.job_id)
}

/** Undefined where the server is gone, or the job does not end. */
async function untilEnded(server: Server, jobId: string): Promise<JsonObject | undefined> {
  let last: JsonObject | undefined
  for (const began = Date.now(); Date.now() - began < PATIENCE_MS; await Bun.sleep(30)) {
    try {
      last = await overHttp(server.url).invoke('get_import_job', { job_id: jobId })
    } catch {
      return undefined
    }
    if (ENDED.includes(String(last.status))) return last
  }
  return last
}

/** Under the final names there is nothing, or the file. */
function wrongFiles(world: UpstreamWorld, atEnd: boolean): string[] {
  return WANTED.flatMap(([name, { seed }]) => {
    const path = join(world.models, 'loras', `${name}.safetensors`)
    if (!existsSync(path)) return atEnd ? [`${path} is not there`] : []
    return readFileSync(path).equals(payloadBytes(seed)) ? [] : [`${path} has wrong bytes`]
  })
}
