import { describe, expect, test } from 'bun:test'
import { createMetrics } from '../../src/http/metrics.ts'
import { watchEventLoop } from '../../src/http/process-metrics.ts'
import { startApp } from './test-app.ts'

describe('/metrics', () => {
  test('counts requests by method, route and status; what anyone can make up has no label of its own', async () => {
    await using t = await startApp()
    await t.fetch('/health')
    await t.fetch('/health')
    await t.fetch('/v1/prompts/import/imp_none/events')
    for (const path of ['/a', '/b/c?d=e']) await t.fetch(path)
    await t.fetch('/health', { method: 'PURGE' })
    await t.fetch('/health', { headers: { host: 'evil.example' } })
    const text = await (await t.fetch('/metrics')).text()
    const count = (labels: string) =>
      new RegExp(`^airkeep_http_request_duration_seconds_count{${labels}} (\\d+)$`, 'm').exec(text)?.[1]
    expect(count('method="GET",route="/health",status="200"')).toBe('2')
    expect(count('method="GET",route="/v1/prompts/import/{job_id}/events",status="404"')).toBe('1')
    expect(count('method="GET",route="none",status="404"')).toBe('2')
    expect(count('method="other",route="/health",status="405"')).toBe('1')
    expect(count('method="GET",route="none",status="403"')).toBe('1')
    expect(text).toMatch(/^airkeep_http_requests_in_flight 1$/m)
    expect(text).toMatch(/^process_resident_memory_bytes [1-9]\d+$/m)
    expect(text).toMatch(/^process_cpu_seconds_total [\d.]+$/m)
    expect(text).toMatch(/^process_open_fds [1-9]\d*$/m)
    expect(text).toMatch(/^process_max_fds [1-9]\d*$/m)
    expect(text).toMatch(/^airkeep_info{version="1.2.3"} 1$/m)
    for (const made of ['imp_none', '/a', 'PURGE', 'evil']) expect(text).not.toContain(made)
  })

  test('is for the owner and for admin', async () => {
    await using t = await startApp()
    const open = await t.fetch('/metrics')
    expect(open.status).toBe(200)
    expect(open.headers.get('content-type')).toStartWith('text/plain; version=0.0.4')
    const answer = async (authorization?: string, peer = '127.0.0.1') =>
      (await t.fetch('/metrics', { peer, ...(authorization === undefined ? {} : { headers: { authorization } }) }))
        .status
    expect(await answer(undefined, '10.0.0.9')).toBe(401)
    const reader = await t.token('reader', 'track:read', 'models:read', 'catalog:read')
    const admin = await t.token('admin', 'admin')
    expect(await answer()).toBe(401)
    expect(await answer(`Bearer ${reader}`)).toBe(403)
    expect(await answer(`Bearer ${admin}`)).toBe(200)
  })
})

test('jobs are counted when asked for, the rest as it comes', async () => {
  const metrics = createMetrics({ version: '1' })
  metrics.countJobsWith(async () => [{ kind: 'import', status: 'running', count: 2 }])
  metrics.observeHash('native', 100, 0.5)
  metrics.observeHash('native', 50, 0.25)
  metrics.observeHash('wasm', 7, 1)
  metrics.observeFetch('civitai', 'answered', 0.2)
  metrics.addFetchedBytes('civitai', 1000)
  metrics.addFetchedBytes('civitai', 24)
  metrics.observeJob('import', 'succeeded', 3)
  metrics.observeWrite(0.002)
  metrics.observeLag(0.3)
  const text = await metrics.text()
  for (const line of [
    'airkeep_jobs{kind="import",status="running"} 2',
    'airkeep_hashed_bytes_total{engine="native"} 150',
    'airkeep_hashed_bytes_total{engine="wasm"} 7',
    'airkeep_hash_seconds_total{engine="native"} 0.75',
    'airkeep_hashes_total{engine="native"} 2',
    'airkeep_fetch_duration_seconds_count{peer="civitai",outcome="answered"} 1',
    'airkeep_fetched_bytes_total{peer="civitai"} 1024',
    'airkeep_job_duration_seconds_bucket{le="5",kind="import",status="succeeded"} 1',
    'airkeep_job_duration_seconds_bucket{le="1",kind="import",status="succeeded"} 0',
    'airkeep_db_write_duration_seconds_count 1',
    'airkeep_event_loop_lag_seconds_bucket{le="0.25"} 0',
    'airkeep_event_loop_lag_seconds_bucket{le="0.5"} 1',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
  metrics.countJobsWith(async () => [])
  expect(await metrics.text()).not.toContain('status="running"')
})

test('a blocked event loop is seen', async () => {
  const seen: number[] = []
  const stop = watchEventLoop((seconds) => seen.push(seconds))
  const until = performance.now() + 400
  while (performance.now() < until) {
    // Nothing else runs meanwhile.
  }
  while (seen.length === 0) await Bun.sleep(1)
  stop()
  expect(seen[0]).toBeGreaterThan(0.1)
})

test('two servers in one process do not count for each other', async () => {
  await using a = await startApp()
  await using b = await startApp()
  await a.fetch('/health')
  expect(await b.metrics.text()).not.toContain('/health')
})
