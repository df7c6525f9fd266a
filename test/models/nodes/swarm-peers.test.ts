import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { safetensors } from '../../http/swarm/swarm-host.ts'
import { type FakeSwarm, startFakeSwarm } from '../../support/fake-swarm.ts'
import { tensorHashOf } from '../../support/fake-swarm-download.ts'
import { rejection } from '../../support/rejection.ts'
import { hashed, openPeersWorld, type PeersWorld, refOf, signal } from './peers-world.ts'

let w: PeersWorld
beforeEach(async () => {
  w = await openPeersWorld()
})
afterEach(() => w[Symbol.asyncDispose]())

describe('a SwarmUI', () => {
  const HARBOR = { subtype: 'LoRA', name: 'wan/harbor.safetensors', bytes: safetensors('harbor') }
  const TOP = { subtype: 'LoRA', name: 'top.safetensors', bytes: safetensors('top') }
  const MERGE = { subtype: 'LoRA', name: 'merge.ckpt', bytes: Buffer.from('merge') }
  const DEEP = { subtype: 'LoRA', name: 'old/deep.gguf', bytes: Buffer.from('gguf') }
  const digest = (model: typeof HARBOR): string => tensorHashOf(model)?.slice(2) ?? ''
  let swarm: FakeSwarm
  beforeEach(async () => {
    swarm = await w.started(startFakeSwarm([HARBOR, TOP]))
    await w.add('swarm', swarm.url, { dialect: 'swarmui', token: 'a.b.c' })
  })

  test('knows its files by their tensors', async () => {
    swarm.token = 'a.b.c'
    for (const wanted of [
      hashed('tensor_sha256', digest(HARBOR)),
      hashed('auto_v3', digest(HARBOR).slice(0, 12)),
      { names: ['wan/harbor.safetensors'] },
      // Nothing that it says of the file contradicts.
      { names: ['harbor'], ...hashed('auto_v2', '9'.repeat(10)) },
    ]) {
      const { offers, failures } = await w.find(wanted)
      expect(failures).toEqual([])
      expect(offers).toHaveLength(1)
      expect(offers[0]).toMatchObject({ filename: 'harbor.safetensors', tensor_sha256: digest(HARBOR), node: 'swarm' })
      expect(offers[0]?.sha256).toBeUndefined()
    }
    const { offers } = await w.find(hashed('tensor_sha256', digest(HARBOR)))
    const source = await w.peers.source(refOf(offers[0]))
    expect(source.ranges).toBe('open_ended')
    expect(await source.open(signal)).toMatchObject({ sizeBytes: HARBOR.bytes.length })
    expect(await w.fetched(offers[0], 'bytes=4-')).toEqual(HARBOR.bytes.subarray(4))
    const contradicted = await w.find({ names: ['harbor'], ...hashed('auto_v3', '9'.repeat(12)) })
    expect(contradicted.offers).toEqual([])
  })

  test('has several files of one name: the one in the wanted folder is meant', async () => {
    swarm.models.push({ subtype: 'LoRA', name: 'xl/harbor.safetensors', bytes: safetensors('xl') })
    const namesOf = async (name: string) => (await w.find({ names: [name] })).offers.map(({ ref }) => ref)
    expect(await namesOf('harbor')).toHaveLength(2)
    for (const name of ['xl\\harbor.safetensors', '/xl/harbor']) {
      expect(await namesOf(name)).toMatchObject([{ hash: `0x${digest({ ...HARBOR, bytes: safetensors('xl') })}` }])
    }
    expect(await namesOf('elsewhere/harbor.safetensors')).toHaveLength(2)
  })

  test('stumbles over digests when it has models without one: then the name is used', async () => {
    swarm.models.unshift(MERGE)
    const { offers } = await w.find(hashed('tensor_sha256', digest(TOP)))
    expect(await w.fetched(offers[0])).toEqual(TOP.bytes)
    expect((await w.find({ names: ['merge.ckpt'] })).offers.map(({ ref }) => ref)).toEqual([
      { kind: 'node', node: 'swarm', hash: 'merge.ckpt', filename: 'merge.ckpt', subtype: 'LoRA' },
    ])
    expect(await w.fetched((await w.find({ names: ['merge.ckpt'] })).offers[0])).toEqual(MERGE.bytes)
  })

  test('cannot hand out a model without digest in a folder: it is only sighted', async () => {
    swarm.models.push(DEEP)
    expect(await w.find({ names: ['deep.gguf'] })).toEqual({
      offers: [],
      failures: [],
      distrusted: [],
      sightings: [{ node: 'swarm', name: 'old/deep.gguf', matched_by: 'name' }],
    })
  })

  test('without the fork tells where a model is', async () => {
    swarm.isPlain = true
    expect(await w.find(hashed('auto_v3', digest(HARBOR).slice(0, 12)))).toEqual({
      offers: [],
      failures: [],
      distrusted: [],
      sightings: [{ node: 'swarm', name: 'wan/harbor', matched_by: 'auto_v3' }],
    })
  })

  test('is listed for the types that are wanted, for some minutes', async () => {
    await w.find({ names: ['harbor'] })
    await w.find({ names: ['top'] })
    w.clock.advance(4 * 60_000)
    await w.find({ names: ['harbor'] })
    const manifests = () =>
      swarm.requests.filter(({ path }) => path.endsWith('Manifest')).map(({ fields }) => fields.subtype)
    expect(manifests()).toEqual(['LoRA'])
    await w.find({ type: 'upscaler', names: ['harbor'] })
    expect(manifests()).toEqual(['LoRA'])
    await w.find({ type: 'checkpoint', names: ['harbor'] })
    expect(manifests()).toEqual(['LoRA', 'Stable-Diffusion'])
    w.clock.advance(4 * 60_000)
    swarm.forgetSessions()
    expect((await w.find({ names: ['harbor'] })).offers).toHaveLength(1)
    expect(manifests().filter((subtype) => subtype === 'LoRA').length).toBeGreaterThan(1)
  })

  test('is not waited for while it hashes, and has its list when it is done', async () => {
    w.openPeers([], 200)
    const release = swarm.holdManifests()
    const first = await w.find({ names: ['harbor'] })
    expect(first).toMatchObject({
      offers: [],
      failures: [{ node: 'swarm', reason: expect.stringContaining('still preparing the list of its LoRA models') }],
    })
    expect(await w.peers.describe()).toMatchObject([{ state: 'preparing' }])
    // At once, and without asking it again.
    expect((await w.find({ names: ['harbor'] })).failures).toEqual(first.failures)
    expect(swarm.requests.filter(({ path }) => path.endsWith('Manifest'))).toHaveLength(1)
    release()
    while ((await w.peers.describe())[0]?.state === 'preparing') await new Promise((resolve) => setImmediate(resolve))
    const { offers, failures } = await w.find({ names: ['harbor'] })
    expect([offers.length, failures]).toEqual([1, []])
    expect(swarm.requests.filter(({ path }) => path.endsWith('Manifest'))).toHaveLength(1)
  })

  test('refuses a token', async () => {
    swarm.token = 'another'
    expect((await w.find({ names: ['harbor'] })).failures).toEqual([
      { node: 'swarm', reason: expect.stringContaining('refuses the token') },
    ])
  })

  test('that has another file under a digest now is refused', async () => {
    const { offers } = await w.find(hashed('tensor_sha256', digest(TOP)))
    swarm.models.splice(0, 2, { ...TOP, bytes: safetensors('changed') })
    expect(await rejection((await w.peers.source(refOf(offers[0]))).open(signal))).toMatchObject({ code: 'not_found' })
  })
})
