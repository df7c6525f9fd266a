import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { EMPTY_SHA256, type Sha256 } from '../../src/hash/digest.ts'
import { createHuggingFace } from '../../src/huggingface/client.ts'
import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'
import { COMMIT, startFakeHuggingFace } from '../support/fake-hugging-face.ts'
import { rejection } from '../support/rejection.ts'

const hub = await startFakeHuggingFace()
afterAll(() => hub.close())

const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })
const fetch = createGuardedFetch({ guard, version: '1.2.3' })
const { signal } = new AbortController()
const client = createHuggingFace({ fetch, log: silentLog, baseUrl: hub.url, sleep: async () => {} })

beforeEach(() => {
  hub.misbehave(undefined)
  hub.requests.length = 0
  hub.pageSize = 1_000
})

const bytes = Buffer.from('tensors')
const other = Buffer.from('other tensors')
const readme = { bytes: Buffer.from('# Harbor'), small: true }
hub.tokens.add('hf_granted')

describe('a repository', () => {
  test('tells of its licence, its terms and its files', async () => {
    hub.addRepo({ id: 'acme/harbor', gated: 'manual', files: { 'README.md': readme, 'a.safetensors': { bytes } } })
    expect(await client.getRepo('acme/harbor', { signal })).toEqual({
      id: 'acme/harbor',
      commit: COMMIT,
      license: 'apache-2.0',
      gated: 'manual',
      disabled: false,
      files: ['README.md', 'a.safetensors'],
    })
  })

  test('is known under its new name', async () => {
    hub.addRepo({ id: 'acme/port', files: {} })
    hub.rename('acme/old', 'acme/port')
    expect(await client.getRepo('acme/old', { signal })).toMatchObject({ id: 'acme/port' })
  })

  test.each<readonly [object, object]>([
    [
      { cardData: { license: 'other', license_name: 'flux-1-dev-non-commercial-license' } },
      { license: 'flux-1-dev-non-commercial-license' },
    ],
    [{ cardData: { license: 'other' } }, { license: 'other' }],
    [{ cardData: { license: ['mit'] } }, { license: 'mit' }],
    [{ cardData: { license: ['mit', 'apache-2.0'] } }, { license: null }],
    [{ cardData: null, tags: ['license:openrail++', 'flux'] }, { license: 'openrail++' }],
    [{ cardData: { license: 5 }, tags: [7, 'license:mit'] }, { license: 'mit' }],
    [{ cardData: {}, tags: [] }, { license: null }],
    [
      { cardData: undefined, tags: undefined, siblings: undefined, sha: 5 },
      { license: null, files: [], commit: undefined },
    ],
    [{ gated: 'auto' }, { gated: 'auto' }],
    [{ gated: true }, { gated: 'manual' }],
    [{ gated: 'something-new' }, { gated: 'manual' }],
    [{ gated: null }, { gated: false }],
    [{ gated: 'false' }, { gated: false }],
    [{ gated: 'True' }, { gated: 'manual' }],
    [{ gated: 'Auto' }, { gated: 'auto' }],
    [
      { siblings: [{ rfilename: 'a/b.pt' }, { rfilename: '../b.pt' }, { rfilename: 'a\nb' }, {}, 5] },
      { files: ['a/b.pt'] },
    ],
    [
      { id: '../x\n', sha: '../y' },
      { id: 'acme/wire', commit: undefined },
    ],
    [{ cardData: { license: 'other', license_name: 'a\n\u001b[1m\u202eb' } }, { license: 'a b' }],
    [{ disabled: true }, { disabled: true }],
  ])('%j', async (wire, expected) => {
    hub.addRepo({ id: 'acme/wire', files: {}, wire })
    expect(await client.getRepo('acme/wire', { signal })).toMatchObject(expected)
  })

  test('that may not be seen is not found', async () => {
    hub.addRepo({ id: 'acme/private', private: true, granted: ['hf_granted'], files: {} })
    expect(await rejection(client.getRepo('acme/private', { signal }))).toMatchObject({ code: 'not_found' })
    expect(await client.getRepo('acme/private', { signal, token: 'hf_granted' })).toMatchObject({ id: 'acme/private' })
  })

  test.each(['[]', '"text"', '{"id":', '<!doctype html>'])('an answer of %s is of no use', async (body) => {
    hub.misbehave({ kind: 'fail', status: 200, body })
    expect(await rejection(client.getRepo('acme/harbor', { signal }))).toMatchObject({ code: 'upstream_unavailable' })
  })
})

describe('the files of a revision', () => {
  const at = { repo: 'acme/many', revision: 'main' }
  const names = Array.from({ length: 7 }, (_, index) => `part-${index}.safetensors`)
  hub.addRepo({
    id: 'acme/many',
    files: { ...Object.fromEntries(names.map((name) => [name, { bytes }])), 'README.md': readme },
  })

  test('are listed page by page, with the key on each', async () => {
    hub.pageSize = 3
    const files = await client.listFiles(at, { signal, token: 'hf_granted' })
    expect(files.map(({ path }) => path)).toEqual([...names, 'README.md'])
    expect(files[0]).toEqual({
      path: 'part-0.safetensors',
      sizeBytes: 7,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(files.at(-1)).toEqual({ path: 'README.md', sizeBytes: 8 })
    expect(hub.requests.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer hf_granted'))
  })

  test('are not listed for ever', async () => {
    hub.misbehave({ kind: 'endless' })
    expect(await rejection(client.listFiles(at, { signal }))).toMatchObject({ code: 'upstream_unavailable' })
    expect(hub.requests.length).toBeLessThan(60)
  })

  test.each([
    '<https://elsewhere.test/api?cursor=1>; rel="next"',
    '<http://>; rel="next"',
    '<>',
    '</api/x>; rel="prev"',
  ])('end at a next page of %s', async (link) => {
    hub.misbehave({
      kind: 'fail',
      status: 200,
      headers: { link },
      body: '[{"type":"file","path":"a","size":1}, null, 5]',
    })
    expect(await client.listFiles(at, { signal, token: 'hf_granted' })).toEqual([{ path: 'a', sizeBytes: 1 }])
    expect(hub.requests).toHaveLength(1)
  })

  test('are left out where they are none', async () => {
    const lfs = { oid: 'AB'.repeat(32), size: 7 }
    const file = (path: unknown, more: object = {}): object => ({ type: 'file', path, size: 5, ...more })
    const entries = [
      ...['../a', '/a', 'a//b', 'a/./b', 'a\n', '', 'a\\..\\b', 'x'.repeat(2_000), 7, null].map((path) => file(path)),
      ...[-1, 1.5, 1e30, '5', null].map((size) => file('size', { size })),
      file('large', { lfs }),
      file('odd size', { lfs: { ...lfs, size: -1 } }),
      file('no digest', { lfs: { ...lfs, oid: 'ab' } }),
      file('empty', { lfs: { ...lfs, oid: EMPTY_SHA256 } }),
    ]
    hub.misbehave({ kind: 'fail', status: 200, body: JSON.stringify(entries) })
    expect(await client.listFiles(at, { signal })).toEqual([
      { path: 'large', sizeBytes: 7, sha256: 'ab'.repeat(32) as Sha256 },
      { path: 'odd size', sizeBytes: 5 },
      { path: 'no digest', sizeBytes: 7 },
      { path: 'empty', sizeBytes: 7 },
    ])
  })

  test('of a revision that does not exist are not found', async () => {
    const asked = client.listFiles({ ...at, revision: 'v9' }, { signal })
    expect(await rejection(asked)).toMatchObject({ code: 'not_found', message: expect.stringContaining('v9') })
  })
})

test('the file that an AIR without a path means is looked for among the files', async () => {
  hub.addRepo({ id: 'acme/one', files: { 'README.md': readme, 'x/one.safetensors': { bytes: other } } })
  const isModel = (path: string): boolean => path.endsWith('.safetensors')
  const choice = await client.findFile({ repo: 'acme/one', revision: 'main' }, { isModel }, { signal })
  expect(choice).toMatchObject({ file: { path: 'x/one.safetensors', sizeBytes: other.length }, candidates: [] })
})
