import { expect, test } from 'bun:test'
import type { Dependency } from '../../src/import/dependency.ts'
import { createFetchView } from '../../src/import/fetch-view.ts'
import { MISSING_LORA } from './missing-lora.ts'

const of = (change: Partial<Dependency>): Dependency => ({ ...MISSING_LORA, ...change })
const fetched = (status: Dependency['status'], done: number, total: number): Dependency =>
  of({ status, bytes_done: done, bytes_total: total, download_job_id: `dl_${total}` })

test('what is here counts, then the bytes; nothing goes back', () => {
  const here = of({ status: 'resolved' })
  const seen: (readonly [string, number])[] = []
  const view = createFetchView([here, MISSING_LORA], (status, progress) => {
    seen.push([status, progress])
    return {}
  })
  view([here, MISSING_LORA])
  view([here, fetched('download_scheduled', 0, 100)])
  view([here, fetched('downloading', 50, 100)])
  // More is to be fetched than was known.
  view([here, fetched('downloading', 50, 200)])
  view([here, fetched('verifying', 200, 200)])
  view([here, fetched('resolved', 200, 200)])
  expect(seen).toEqual([
    ['resolving', 0.5],
    ['downloading', 0.5],
    ['downloading', 0.75],
    ['downloading', 0.75],
    ['downloading', 1],
    ['downloading', 1],
  ])
})
