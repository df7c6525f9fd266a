import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { ok } from '../../support/raw-server.ts'
import { rejection } from '../../support/rejection.ts'
import { hexOf } from '../serve/index-rows.ts'
import { type FakeNode, startFakeNode } from './fake-node.ts'
import { hashed, openPeersWorld, type PeersWorld, refOf, signal } from './peers-world.ts'

const DAY_MS = 86_400_000
const MODEL = {
  model_key: 'sha256:x',
  filename: 'a.safetensors',
  size: 1,
  sha256: hexOf('a'),
  type: 'lora',
  download: { http: '/v1/models/download?hash=x' },
}

let w: PeersWorld
let node: FakeNode
beforeEach(async () => {
  w = await openPeersWorld()
  node = await w.started(startFakeNode())
  node.models = [MODEL]
  await w.add('box', node.url)
})
afterEach(() => w[Symbol.asyncDispose]())

const tampered = async (): Promise<string> => ok(await node.manifest({ models: [{ ...MODEL, sha256: hexOf('evil') }] }))
const right = async (): Promise<string> => ok(await node.manifest())
const wanted = hashed('sha256', hexOf('a'))

const answers = (answer: FakeNode['answer']): void => {
  node.answer = answer
}

describe('a node is asked for nothing any more', () => {
  const faults: readonly [string, () => void, RegExp][] = [
    ['whose signature does not hold', () => answers(tampered), /signature of the manifest does not hold/],
    ['that has another key', () => node.changeKey(), /another key than before/],
    ['that signs no more', () => answers(() => ok(UNSIGNED)), /does not sign its manifest any more/],
  ]
  const UNSIGNED = JSON.stringify({ node: { id: 'x' }, generated_at: 'x', models: [MODEL] })

  test.each(faults)('%s, however long ago that was', async (_, fault, reason) => {
    const { offers } = await w.find({ names: ['a'] })
    const source = await w.peers.source(refOf(offers[0]))
    w.clock.advance(31_000)
    fault()
    expect((await w.find({ names: ['a'] })).offers).toEqual([])
    node.answer = right
    const asked = node.requests.length
    w.clock.advance(DAY_MS)
    const failure = { node: 'box', reason: expect.stringMatching(reason) }
    expect(await w.find(wanted)).toMatchObject({ offers: [], failures: [failure], distrusted: [failure] })
    expect(await w.peers.locate(hexOf('a'), { signal })).toEqual([])
    // Neither one that is opened from now on nor one that was found before.
    expect(await rejection(w.peers.source(refOf(offers[0])))).toMatchObject({ code: 'conflict' })
    expect(await rejection(source.open(signal))).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(reason),
    })
    expect(await w.peers.describe()).toMatchObject([{ state: 'failed', reason: expect.stringMatching(reason) }])
    expect(node.requests).toHaveLength(asked)
  })
})

describe('it is asked again', () => {
  beforeEach(async () => {
    node.answer = tampered
    await w.find(wanted)
    node.answer = right
    w.clock.advance(DAY_MS)
    expect((await w.find(wanted)).distrusted).toHaveLength(1)
  })

  test('once the owner has added it again', async () => {
    await w.add('box', node.url)
    expect(await w.find(wanted)).toMatchObject({ offers: [{ node: 'box' }], failures: [], distrusted: [] })
  })

  test('once this program has started anew', async () => {
    w.openPeers()
    expect(await w.find(wanted)).toMatchObject({ offers: [{ node: 'box' }], failures: [] })
  })
})

test('what only could not be asked is asked again after a minute, and distrusted by nobody', async () => {
  node.answer = () => 'HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n'
  expect(await w.find(wanted)).toMatchObject({ failures: [{ node: 'box' }], distrusted: [] })
  node.answer = right
  w.clock.advance(60_001)
  expect((await w.find(wanted)).offers).toHaveLength(1)
})

test('what was learnt of a node holds after its key was pinned', async () => {
  await w.find({ names: ['a'] })
  w.clock.advance(1_000)
  await w.find({ names: ['a'] })
  expect(node.requests).toHaveLength(1)
})
