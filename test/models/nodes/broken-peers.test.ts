import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { ok } from '../../support/raw-server.ts'
import { rejection } from '../../support/rejection.ts'
import { hexOf } from '../serve/index-rows.ts'
import { type FakeNode, startFakeNode } from './fake-node.ts'
import { hashed, openPeersWorld, type PeersWorld, refOf, signal } from './peers-world.ts'

let w: PeersWorld
beforeEach(async () => {
  w = await openPeersWorld()
})
afterEach(() => w[Symbol.asyncDispose]())

describe('a node that', () => {
  let node: FakeNode
  const MODEL = {
    model_key: 'sha256:x',
    filename: 'a.safetensors',
    size: 1,
    sha256: hexOf('a'),
    type: 'lora',
    download: { http: '/v1/models/download?hash=x' },
  }
  beforeEach(async () => {
    node = await w.started(startFakeNode())
    node.models = [MODEL]
    await w.add('box', node.url)
  })

  test('is right', async () => {
    expect((await w.find({ names: ['a'] })).offers).toHaveLength(1)
  })

  test.each<[string, FakeNode['answer'], RegExp]>([
    ['redirects', () => 'HTTP/1.1 302 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n', /redirects/],
    ['is something else', () => ok('<html>', { 'content-type': 'text/html' }), /text\/html/],
    ['answers other JSON', () => ok('[]'), /cannot use the manifest/],
    ['is busy', () => 'HTTP/1.1 503 x\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n', /HTTP 503/],
    ['has no such route', () => 'HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n', /no model manifest/],
    ['breaks off', () => 'HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{', /ended after 1 of 999/],
  ])('%s is a failure with its reason, and nothing of it used', async (_, answer, reason) => {
    node.answer = answer
    for (const wanted of [{ names: ['a'] }, hashed('sha256', hexOf('evil')), hashed('sha256', hexOf('a'))]) {
      const { offers, failures } = await w.find(wanted)
      expect(offers).toEqual([])
      expect(failures).toEqual([{ node: 'box', reason: expect.stringMatching(reason) }])
    }
    expect(node.requests).toHaveLength(1)
    node.answer = async () => ok(await node.manifest())
    w.clock.advance(120_000)
    expect((await w.find({ names: ['a'] })).offers).toHaveLength(1)
  })

  test('stops signing is refused', async () => {
    await w.find({ names: ['a'] })
    w.clock.advance(31_000)
    node.answer = () => ok(JSON.stringify({ node: { id: 'x' }, generated_at: 'x', models: [MODEL] }))
    expect(await w.find({ names: ['a'] })).toMatchObject({
      offers: [],
      failures: [{ node: 'box', reason: expect.stringContaining('does not sign its manifest any more') }],
    })
  })

  test('has a list that is too long is asked by types, and for digests', async () => {
    const whole = `HTTP/1.1 200 OK\r\ncontent-length: ${64 * 2 ** 20}\r\n\r\n`
    node.answer = async ({ path }) => (path.includes('?') ? ok(await node.manifest()) : whole)
    const { offers, failures } = await w.find({ names: ['a'] })
    expect([offers.length, failures]).toEqual([1, []])
    expect(node.requests.map(({ path }) => path)).toEqual([
      '/v1/models/manifest',
      '/v1/models/manifest?include=lora,other',
    ])
    expect((await w.find(hashed('sha256', hexOf('a')))).offers).toHaveLength(1)
    node.answer = () => whole
    w.clock.advance(31_000)
    expect((await w.find({ names: ['a'] })).failures).toEqual([
      { node: 'box', reason: 'its list of models is too long to look through' },
    ])
  })

  test('hands out another file is refused', async () => {
    const { offers } = await w.find({ names: ['a'] })
    node.answer = () => ok('x', { 'x-model-sha256': hexOf('evil') })
    expect(await rejection((await w.peers.source(refOf(offers[0]))).open(signal))).toMatchObject({
      code: 'upstream_unavailable',
    })
  })

  test.each<[string, string, object]>([
    ['451', 'HTTP/1.1 451 x\r\ncontent-length: 0\r\n\r\n', { code: 'license_blocked', reason: 'license' }],
    [
      '429',
      'HTTP/1.1 429 x\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n',
      { code: 'rate_limited', retryAfterSeconds: 7 },
    ],
    ['404', 'HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n', { code: 'not_found' }],
    ['500', 'HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n', { code: 'upstream_unavailable' }],
    ['302', 'HTTP/1.1 302 x\r\nlocation: http://x/\r\ncontent-length: 0\r\n\r\n', { code: 'upstream_unavailable' }],
  ])('answers a download with %s', async (_, answer, error) => {
    const { offers } = await w.find({ names: ['a'] })
    node.answer = () => answer
    expect(await rejection((await w.peers.source(refOf(offers[0]))).open(signal))).toMatchObject(error)
  })

  test('is left in the middle of a question is not to blame', async () => {
    const { offers } = await w.find({ names: ['a'] })
    const source = await w.peers.source(refOf(offers[0]))
    const left = new AbortController()
    node.answer = () => () => left.abort(new Error('left'))
    expect(await rejection(source.chunkHashes?.(left.signal) ?? Promise.resolve())).toMatchObject({ code: 'cancelled' })
    expect(await w.peers.describe()).toMatchObject([{ state: 'ok' }])
  })

  test('gives chunks that do not make up the file gives none', async () => {
    node.models = [{ ...MODEL, size: 10, chunks: { size: 4, count: 2, hashes: [hexOf('x'), hexOf('y')] } }]
    const { offers } = await w.find({ names: ['a'] })
    expect(await (await w.peers.source(refOf(offers[0]))).chunkHashes?.(signal)).toBeUndefined()
  })
})
