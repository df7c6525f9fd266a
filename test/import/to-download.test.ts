import { expect, test } from 'bun:test'
import type { Dependency } from '../../src/import/dependency.ts'
import { fetchMissing } from '../../src/import/fetch-missing.ts'
import { toDownloadOf } from '../../src/import/to-download.ts'
import type { Downloads } from '../../src/models/fetch/downloads.ts'
import type { Offer } from '../../src/models/fetch/wanted.ts'
import { OWNER } from '../../src/operation/permission.ts'
import { MISSING_LORA } from './missing-lora.ts'

test('what is still to come is counted, and nothing else', () => {
  const of = (change: Partial<Dependency>): Dependency => ({ ...MISSING_LORA, bytes_total: 100, ...change })
  expect(toDownloadOf([])).toEqual({ files: 0, bytes: 0 })
  expect(
    toDownloadOf([
      of({ resolved_source: 'civitai' }),
      of({ status: 'ambiguous', resolved_source: 'remote' }),
      of({ status: 'downloading', bytes_done: 60 }),
      of({ status: 'download_scheduled', bytes_total: 0 }),
      of({}),
      of({ status: 'blocked', resolved_source: 'civitai' }),
      of({ status: 'failed', resolved_source: 'civitai' }),
      of({ status: 'resolved', resolved_source: 'civitai', bytes_done: 100 }),
      of({ status: 'resolved', resolved_source: 'local' }),
    ]),
  ).toEqual({ files: 4, bytes: 240 })
})

test('what may be several models says how one of them is chosen', async () => {
  const never = (): never => {
    throw new Error('it downloads')
  }
  const reason = 'No file on this host has this name'
  const candidates = [{ air: 'urn:air:sdxl:lora:civitai:1@2', name: 'Harbor', why: 'has this title on Civitai' }]
  const search = { offers: [], candidates, steps: [] }
  const downloads: Downloads = { decide: never, order: never, follow: never, wants() {}, leave: async () => {} }
  const found = await fetchMissing(
    [{ ...MISSING_LORA, reason }],
    { findOffers: async () => search, downloads },
    {
      actor: OWNER,
      signal: new AbortController().signal,
      download: true,
      jobId: 'imp_1',
      isAskedFor: true,
      onChanged: async () => {},
      onProgress() {},
    },
  )
  expect(found).toMatchObject([
    { status: 'ambiguous', reason: `${reason}: choose_candidate says which of these it is` },
  ])
})

test('a job that only looks says from where it could be had, and how large it is', async () => {
  const offer: Offer = {
    source: 'remote',
    node: 'gpu-1',
    ref: { kind: 'node', node: 'gpu-1', hash: 'ab', filename: 'harbor.safetensors' },
    filename: 'harbor.safetensors',
    size_bytes: 400,
    matched_by: 'name',
    facts: {},
  }
  const never = (): never => {
    throw new Error('it downloads')
  }
  const downloads: Downloads = {
    decide: async (allowed) => ({ allowed }),
    order: never,
    follow: never,
    wants() {},
    leave: async () => {},
  }
  const found = await fetchMissing(
    [MISSING_LORA],
    { findOffers: async () => ({ offers: [offer], candidates: [], steps: [] }), downloads },
    {
      actor: OWNER,
      signal: new AbortController().signal,
      download: false,
      jobId: 'imp_1',
      isAskedFor: true,
      onChanged: async () => {},
      onProgress() {},
    },
  )
  expect(found).toMatchObject([
    { status: 'missing', resolved_source: 'remote', resolved_node: 'gpu-1', bytes_total: 400 },
  ])
  expect(toDownloadOf(found)).toEqual({ files: 1, bytes: 400 })
})
