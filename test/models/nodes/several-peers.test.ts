import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { safetensors } from '../../http/swarm/swarm-host.ts'
import { startFakeSwarm } from '../../support/fake-swarm.ts'
import { ok, startRawServer } from '../../support/raw-server.ts'
import { rejection } from '../../support/rejection.ts'
import { startFakeNode } from './fake-node.ts'
import { hashed, openPeersWorld, type PeersWorld, signal, wants } from './peers-world.ts'

let w: PeersWorld
beforeEach(async () => {
  w = await openPeersWorld()
})
afterEach(() => w[Symbol.asyncDispose]())

describe('several nodes', () => {
  test('that have the same file are all named, whichever dialect they speak', async () => {
    const [one, two] = [await w.airkeep('inst_one'), await w.airkeep('inst_two')]
    const harbor = await one.add('harbor.safetensors', 'harbor')
    await two.add('copies/renamed.safetensors', 'harbor')
    await w.add('one', one.url)
    await w.add('two', two.url)
    await w.add('two-as-swarm', two.url, { dialect: 'swarmui' })
    const offers = await w.peers.locate(harbor.sha256, { signal })
    expect(offers.map(({ node, matched_by }) => [node, matched_by])).toEqual([
      ['one', 'sha256'],
      ['two', 'sha256'],
      ['two-as-swarm', 'sha256'],
    ])
    for (const offer of offers) expect(await w.fetched(offer, 'bytes=5-')).toEqual(harbor.bytes.subarray(5))
    for (const other of ['9'.repeat(64), harbor.tensorSha256 ?? '']) {
      expect(await w.peers.locate(other, { signal })).toEqual([])
    }
  })

  test('of which one proves by a digest what the other has by name alone', async () => {
    const node = await w.airkeep()
    const harbor = await node.add('renamed.safetensors', 'harbor')
    await w.add('box', node.url)
    const other = { subtype: 'LoRA', name: 'harbor.safetensors', bytes: safetensors('other') }
    const swarm = await w.started(startFakeSwarm([other]))
    await w.add('swarm', swarm.url, { dialect: 'swarmui' })
    const wanted = { names: ['harbor.safetensors'], ...hashed('auto_v2', harbor.sha256.slice(0, 10)) }
    expect((await w.find(wanted)).offers.map(({ node }) => node)).toEqual(['box'])
    await w.nodes.remove('box', 'boss')
    expect((await w.find(wanted)).offers).toMatchObject([{ node: 'swarm', matched_by: 'name' }])
  })

  test('do not wait for one that is down, and it is left alone for a minute', async () => {
    const node = await w.airkeep()
    const harbor = await node.add('harbor.safetensors', 'harbor')
    await w.add('box', node.url)
    const gone = await startRawServer(() => ok())
    await gone.close()
    await w.add('gone', `http://127.0.0.1:${gone.port}`)
    const wanted = hashed('sha256', harbor.sha256)
    const { offers, failures } = await w.find(wanted)
    expect(offers).toHaveLength(1)
    expect(failures).toEqual([{ node: 'gone', reason: expect.stringMatching(/^cannot fetch/) }])
    const toGone = (): number => w.sent.filter(({ url }) => String(url).includes(`:${gone.port}`)).length
    expect(toGone()).toBe(1)
    expect((await w.find(wanted)).failures).toEqual(failures)
    expect(toGone()).toBe(1)
    expect(await w.peers.describe()).toMatchObject([
      { name: 'box', dialect: 'airkeep', state: 'ok' },
      { name: 'gone', state: 'failed', reason: expect.any(String), checked_at: '2026-08-01T12:00:00.000Z' },
    ])
    w.clock.advance(60_000)
    await w.find(wanted)
    expect(toGone()).toBe(2)
  })

  test('do not wait for one that is silent', async () => {
    const node = await w.airkeep()
    const harbor = await node.add('harbor.safetensors', 'harbor')
    const silent = await w.started(startFakeNode())
    silent.answer = () => () => {}
    w.openPeers([], 300)
    await w.add('silent', silent.url)
    await w.add('box', node.url)
    const { offers, failures } = await w.find(hashed('sha256', harbor.sha256))
    expect(offers.map(({ node }) => node)).toEqual(['box'])
    expect(failures).toEqual([{ node: 'silent', reason: expect.stringMatching(/did not answer|silent|0\.3 s/) }])
  })

  test('are left when the caller leaves', async () => {
    const silent = await w.started(startFakeNode())
    const left = new AbortController()
    silent.answer = () => () => left.abort(new Error('left'))
    await w.add('silent', silent.url)
    const error = await rejection(w.peers.find(wants({ names: ['x'] }), { signal: left.signal }))
    expect(error).toMatchObject({ message: 'left' })
    // Nobody can blame the node for that.
    silent.answer = async () => ok(await silent.manifest(), { 'content-type': 'application/json' })
    expect((await w.peers.describe())[0]?.state).not.toBe('failed')
  })

  test('none at all', async () => {
    expect(await w.find({ names: ['x'] })).toEqual({ offers: [], failures: [], distrusted: [], sightings: [] })
    expect(await w.peers.describe()).toEqual([])
  })
})

describe('nodes of the settings', () => {
  test('are asked beside those that were added, without token and held to no key', async () => {
    const node = await w.airkeep()
    const harbor = await node.add('harbor.safetensors', 'harbor')
    const swarm = await w.started(
      startFakeSwarm([{ subtype: 'LoRA', name: 'harbor.safetensors', bytes: harbor.bytes }]),
    )
    const added = await w.airkeep('inst_added')
    await added.add('harbor.safetensors', 'harbor')
    await w.add('added', added.url, { token: await added.token('models:read', 'models:serve') })
    // One of them was added too: it is asked once, with its token.
    w.openPeers([`${node.url}/`, ` ${swarm.url}`, added.url])
    const [airkeepName, swarmName] = [node.url, swarm.url].map((url) => new URL(url).host)
    const wanted = hashed('tensor_sha256', harbor.tensorSha256 ?? '')
    const { offers, failures } = await w.find(wanted)
    expect(failures).toEqual([])
    expect(offers.map(({ node }) => node)).toEqual(['added', airkeepName ?? '', swarmName ?? ''])
    for (const offer of offers) expect(await w.fetched(offer)).toEqual(harbor.bytes)
    expect(await w.peers.describe()).toMatchObject([
      { name: 'added', dialect: 'airkeep' },
      { name: airkeepName, dialect: 'airkeep' },
      { name: swarmName, dialect: 'swarmui' },
    ])
    node.changeKey()
    w.clock.advance(31_000)
    expect((await w.find(wanted)).offers).toHaveLength(3)
    expect((await w.nodes.all()).map(({ name }) => name)).toEqual(['added'])
  })

  test('that want a token say so', async () => {
    const node = await w.airkeep()
    await node.token('models:read')
    w.openPeers([node.url])
    expect((await w.find({ names: ['x'] })).failures).toMatchObject([{ reason: 'it refuses the token (HTTP 401)' }])
  })

  test('that know no question for a digest', async () => {
    const other = await w.started(startFakeNode())
    const padding = 'x'.repeat(2 ** 21)
    other.answer = () => ok(JSON.stringify({ node: { id: 'x' }, generated_at: 'x', models: [], padding }))
    w.openPeers([other.url])
    expect(await w.find({ names: ['x'] })).toMatchObject({ offers: [], failures: [] })
    expect(await w.peers.describe()).toMatchObject([{ dialect: 'airkeep', state: 'ok', models: 0 }])
  })

  test('that are neither are named, and so are those that are no URL', async () => {
    const other = await w.started(startFakeNode())
    other.answer = () => 'HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n'
    w.openPeers([other.url, 'http://user:secret@host/', 'nonsense'])
    const { failures } = await w.find({ names: ['x'] })
    expect(failures).toEqual([
      { node: 'CivitAI.AllowedRemoteNodes', reason: expect.stringContaining('must not hold a user name') },
      { node: 'CivitAI.AllowedRemoteNodes', reason: expect.stringContaining('http or https') },
      { node: new URL(other.url).host, reason: expect.stringContaining('no model manifest') },
    ])
    expect(JSON.stringify(failures)).not.toContain('secret')
  })
})
