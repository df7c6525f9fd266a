import { expect } from 'bun:test'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { aSparseModelFile } from './big-models.ts'
import type { Executable } from './executable.ts'
import { aModelFile } from './model-files.ts'
import { readSse } from './sse.ts'
import { overHttp } from './surfaces.ts'

/**
 * Kills a server in the middle of an import, whose event stream is being read, and starts another on the same data:
 * the job goes on there and its stream ends with the result.
 */
export async function goOnAfterKill(executable: Executable, folder: string): Promise<void> {
  const data = join(folder, 'data')
  const roots = join(folder, 'models')
  const wanted = aModelFile(roots, 'loras/zz-wanted.safetensors', 3)
  // Of the wanted name, so that they are read first; sparse, so that they cost nothing on the disk and seconds to read.
  for (const name of ['a', 'b', 'c']) aSparseModelFile(roots, `loras/${name}/elsewhere.safetensors`, 700 * 2 ** 20)
  const text = `a cat <lora:elsewhere:1>\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64, Lora hashes: "elsewhere: ${wanted.tensorSha256.slice(0, 12)}"`
  const first = await executable.serve(['--models', roots], { data })
  const { job_id } = await overHttp(first.url).invoke('import_prompt', { payload: text })
  const stream = `/v1/prompts/import/${job_id}/events`
  let interrupted = false
  for await (const { data: job } of readSse(`${first.url}${stream}`)) {
    interrupted = Number(job.hashed_bytes) > 0
    if (interrupted) break
  }
  expect(interrupted).toBe(true)
  first.kill('SIGKILL')
  await first.exited

  const second = await executable.serve(['--models', roots], { data })
  const seen: string[] = []
  let last: JsonObject = {}
  for await (const { data: job } of readSse(`${second.url}${stream}`)) {
    seen.push(String(job.status))
    last = job
  }
  expect(seen.at(-1)).toBe('completed')
  expect(last).toMatchObject({ job_id, status: 'completed', progress: 1 })
  expect(last.dependencies).toMatchObject([{ status: 'resolved', resolved_path: wanted.path, matched_by: 'auto_v3' }])
  expect(await second.stop()).toBe(0)
}
