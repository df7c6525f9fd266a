import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { createCivitaiVersions } from '../../../src/civitai/versions.ts'
import { createHuggingFace } from '../../../src/huggingface/client.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { createSearch } from '../../../src/models/fetch/search.ts'
import type { Search, WantedModel } from '../../../src/models/fetch/wanted.ts'
import { OWNER } from '../../../src/operation/permission.ts'
import { safetensors } from '../../http/swarm/swarm-host.ts'
import { fakeFetch } from '../../support/civitai-client.ts'
import { startFakeSwarm } from '../../support/fake-swarm.ts'
import { openPeersWorld, type PeersWorld, signal, wants } from './peers-world.ts'

let w: PeersWorld
beforeEach(async () => {
  w = await openPeersWorld()
})
afterEach(() => w[Symbol.asyncDispose]())

function search(wanted: Partial<WantedModel>): Promise<Search> {
  const nowhere = { fetch: fakeFetch, log: silentLog, baseUrl: 'http://127.0.0.1:9', sleep: async () => {} }
  const civitai = createCivitaiVersions(nowhere)
  const deps = {
    peers: w.peers,
    civitai,
    huggingFace: createHuggingFace(nowhere),
    keys: { find: async () => undefined },
    mirrors: { hf_url: '', civitai_url: '' },
  }
  return createSearch(deps)(wants(wanted), { actor: OWNER, signal })
}

describe('nodes of both dialects, asked by a name', () => {
  test.each(['harbor', 'wan/harbor'])('that have one file are its sources: %s', async (name) => {
    const node = await w.airkeep()
    const bytes = safetensors('harbor')
    const harbor = await node.add('harbor.safetensors', bytes)
    const swarm = await w.started(startFakeSwarm([{ subtype: 'LoRA', name: 'wan/harbor.safetensors', bytes }]))
    await w.add('swarm', swarm.url, { dialect: 'swarmui' })
    await w.add('box', node.url)
    const { offers, candidates } = await search({ names: [name] })
    expect(candidates).toEqual([])
    // Who knows the whole digest goes first.
    expect(offers).toMatchObject([
      { node: 'box', sha256: harbor.sha256, tensor_sha256: harbor.tensorSha256, type: 'lora' },
      { node: 'swarm', tensor_sha256: harbor.tensorSha256, type: 'lora' },
    ])
  })

  test('that have several can be told apart by their digests', async () => {
    const node = await w.airkeep()
    const harbor = await node.add('harbor.safetensors', safetensors('harbor'))
    const bytes = safetensors('another')
    const swarm = await w.started(
      startFakeSwarm([
        { subtype: 'LoRA', name: 'harbor.safetensors', bytes },
        { subtype: 'LoRA', name: 'copies/harbor.safetensors', bytes },
      ]),
    )
    await w.add('swarm', swarm.url, { dialect: 'swarmui' })
    await w.add('box', node.url)
    const { offers, candidates } = await search({ names: ['harbor'] })
    expect(offers).toEqual([])
    expect(candidates).toHaveLength(2)
    expect(candidates).toContainEqual(
      expect.objectContaining({ name: 'harbor.safetensors', sha256: harbor.sha256, why: 'the node box has it' }),
    )
    const { tensor_sha256: value = '' } = candidates.find(({ tensor_sha256: tensor }) => tensor !== undefined) ?? {}
    // What a candidate says of itself finds it, and nothing else.
    const found = await search({ hashes: [{ algorithm: 'tensor_sha256', value }] })
    expect(found.offers.map((offer) => [offer.node, offer.tensor_sha256])).toEqual([
      ['swarm', value],
      ['swarm', value],
    ])
  })
})

test.each([['lora'], ['vae']] as const)('a node says what its model is: %s', async (type) => {
  const node = await w.airkeep()
  const { sha256 } = await node.add('a.safetensors', safetensors('a'), { type })
  await w.add('box', node.url)
  expect(await w.peers.locate(sha256, { signal })).toMatchObject([{ node: 'box', type }])
})

test.each([
  ['LoRA', 'lora'],
  ['Stable-Diffusion', 'checkpoint'],
] as const)('a SwarmUI says it by the kind of its models: %s are %s', async (subtype, type) => {
  const bytes = safetensors('a')
  const swarm = await w.started(startFakeSwarm([{ subtype, name: 'a.safetensors', bytes }]))
  await w.add('swarm', swarm.url, { dialect: 'swarmui' })
  expect((await w.find({ type: 'other', names: ['a'] })).offers).toMatchObject([{ node: 'swarm', type }])
})
