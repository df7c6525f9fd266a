import { afterAll, beforeAll, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Executable, installExecutable } from '../support/executable.ts'
import { faultsOf, type Sample, samplesOf } from '../support/exposition.ts'
import { type FakeCivitai, startFakeCivitai } from '../support/fake-civitai.ts'
import { readSse } from '../support/sse.ts'
import { overHttp, overMcp } from '../support/surfaces.ts'

let executable: Executable
let civitai: FakeCivitai
beforeAll(async () => {
  executable = installExecutable()
  civitai = await startFakeCivitai()
})
afterAll(async () => {
  await executable.remove()
  await civitai.close()
})

/** Value of the one series with these labels. */
function valueOfSeries(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
  expect(found.map(({ labels: all }) => all)).toHaveLength(1)
  return found[0]?.value ?? Number.NaN
}

test('what a working server counts, as Prometheus reads it', async () => {
  const file = join(executable.folder, 'weights.bin')
  writeFileSync(file, Buffer.alloc(3_000_000, 7))
  const address = civitai.serve('picture.bin', Buffer.alloc(200_000, 1))
  civitai.addPost('77', [{}, {}])
  const server = await executable.serve([], { env: { AIRKEEP_CIVITAI_URL: civitai.url } })
  const http = overHttp(server.url)
  const mcp = await overMcp(server.url)
  await http.invoke('calculate_sha256', { path: file })
  await mcp.invoke('calculate_sha256', { path: address })
  await http.invoke('fetch_civitai_post_assets', { post_id: '77' })
  await http.invoke('calculate_sha256', { path: 'http://10.1.2.3/x' }).catch(() => {})
  const { job_id } = await http.invoke('import_prompt', { payload: 'a cat\nSteps: 20, Sampler: Euler, Model: gone' })
  for await (const { data } of readSse(`${server.url}/v1/prompts/import/${job_id}/events`)) {
    if (data.status === 'partially_completed') break
  }
  await fetch(`${server.url}/no/such/path`)
  await mcp.close()

  const response = await fetch(`${server.url}/metrics`)
  const text = await response.text()
  expect(faultsOf(text)).toEqual([])
  const promtool = Bun.which('promtool')
  if (promtool !== null) {
    const { exitCode, stdout, stderr } = Bun.spawnSync([promtool, 'check', 'metrics'], { stdin: new Blob([text]) })
    expect([exitCode, stdout.toString(), stderr.toString()]).toEqual([0, '', ''])
  }

  const samples = samplesOf(text)
  const value = (name: string, labels?: Record<string, string>): number => valueOfSeries(samples, name, labels)
  expect(value('airkeep_hashed_bytes_total', { engine: 'native' })).toBe(3_000_000)
  expect(value('airkeep_hashed_bytes_total', { engine: 'wasm' })).toBe(200_000)
  expect(value('airkeep_hash_seconds_total', { engine: 'native' })).toBeGreaterThan(0)
  expect(value('airkeep_fetched_bytes_total', { peer: 'civitai' })).toBeGreaterThan(200_000)
  expect(value('airkeep_fetch_duration_seconds_count', { peer: 'civitai', outcome: 'answered' })).toBe(3)
  expect(value('airkeep_fetch_duration_seconds_count', { peer: 'other', outcome: 'failed' })).toBe(1)
  expect(value('airkeep_job_duration_seconds_count', { kind: 'import', status: 'succeeded' })).toBe(1)
  expect(value('airkeep_db_write_duration_seconds_count')).toBeGreaterThan(2)
  expect(value('airkeep_event_loop_lag_seconds_count')).toBeGreaterThanOrEqual(0)
  expect(value('process_open_fds')).toBeGreaterThan(5)
  expect(value('process_max_fds')).toBeGreaterThan(value('process_open_fds'))
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(10e6)
  expect(value('process_cpu_seconds_total')).toBeGreaterThan(0)
  const routes = samples.filter(({ name }) => name === 'airkeep_http_request_duration_seconds_count')
  expect(routes.map(({ labels }) => labels.route)).toContain('/v1/prompts/import/{job_id}/events')
  // What callers write is in no label.
  for (const written of [String(job_id), 'picture.bin', '10.1.2.3', '/no/such', 'weights', civitai.host]) {
    expect(text).not.toContain(written)
  }
  expect(await server.stop()).toBe(0)
})
