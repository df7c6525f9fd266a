import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { EMPTY_SHA256 } from '../../../src/hash/digest.ts'
import type { WantedModel } from '../../../src/models/fetch/wanted.ts'
import type { AirkeepNode } from '../../support/airkeep-node.ts'
import { ok } from '../../support/raw-server.ts'
import { rejection } from '../../support/rejection.ts'
import { aRow, hexOf } from '../serve/index-rows.ts'
import { startFakeNode } from './fake-node.ts'
import { hashed, openPeersWorld, type PeersWorld, refOf, signal } from './peers-world.ts'

let w: PeersWorld
beforeEach(async () => {
  w = await openPeersWorld()
})
afterEach(() => w[Symbol.asyncDispose]())

/** The answer that the node itself would give to its owner. */
async function redirectedTo(node: AirkeepNode, path: string): Promise<string> {
  const authorization = `Bearer ${await node.token('models:read')}`
  return ok(await (await node.t.fetch(path, { headers: { authorization } })).text())
}

describe('an airkeep', () => {
  let node: AirkeepNode
  beforeEach(async () => {
    node = await w.airkeep()
    await w.add('box', node.url, { token: await node.token('models:read', 'models:serve') })
  })

  test('is asked for a digest, pinned, and gives the file in parts', async () => {
    const harbor = await node.add('wan/harbor.safetensors', 'harbor')
    const { offers, failures } = await w.find(hashed('sha256', harbor.sha256))
    expect(failures).toEqual([])
    expect(offers).toEqual([
      {
        source: 'remote',
        node: 'box',
        ref: { kind: 'node', node: 'box', hash: harbor.sha256, filename: 'harbor.safetensors' },
        filename: 'harbor.safetensors',
        matched_by: 'sha256',
        type: 'lora',
        size_bytes: harbor.bytes.length,
        sha256: harbor.sha256,
        tensor_sha256: harbor.tensorSha256 ?? '',
        facts: {},
      },
    ])
    expect(w.asked()).toEqual([`/v1/models/manifest?hash=${harbor.sha256}`])
    expect((await w.nodes.find('box'))?.publicKey).toBe(await node.publicKey())
    const source = await w.peers.source(refOf(offers[0]))
    expect(source).toMatchObject({ id: 'node:box', kind: 'remote', ranges: 'bounded' })
    expect(await source.open(signal)).toMatchObject({ sizeBytes: harbor.bytes.length, sha256: harbor.sha256 })
    expect(await w.fetched(offers[0])).toEqual(harbor.bytes)
    expect(await w.fetched(offers[0], 'bytes=3-9')).toEqual(harbor.bytes.subarray(3, 10))
  })

  test('is found by whatever names a model', async () => {
    const civitai = { model_id: 11, version_id: 22, base_model: 'SDXL 1.0', name: 'x' }
    const harbor = await node.add('wan/harbor.safetensors', 'harbor', { civitai })
    await node.add('other.safetensors', 'other')
    await node.add('harbor.safetensors', 'of another type', { type: 'vae' })
    const { sha256, tensorSha256 } = harbor
    const tensor = tensorSha256 ?? ''
    for (const [wanted, matchedBy] of [
      [hashed('sha256', sha256), 'sha256'],
      [hashed('tensor_sha256', tensor), 'tensor_sha256'],
      // What is written as a digest of the file may be one of the tensors.
      [hashed('sha256', tensor), 'tensor_sha256'],
      [hashed('auto_v2', sha256.slice(0, 10)), 'auto_v2'],
      [hashed('auto_v3', tensor.slice(0, 12)), 'auto_v3'],
      [hashed('auto_v3', sha256.slice(0, 12)), 'sha256_12'],
      [hashed('sha256_12', sha256.slice(0, 12)), 'sha256_12'],
      [{ civitai: { version_id: 22 } }, 'civitai_version'],
      [{ names: ['harbor.safetensors'] }, 'name'],
      [{ names: ['XL\\harbor.safetensors'] }, 'name'],
      [{ names: ['harbor'] }, 'name'],
      [{ names: ['urn:air:sdxl:lora:civitai:11@22'] }, 'name'],
    ] as const) {
      const { offers, failures } = await w.find(wanted as Partial<WantedModel>)
      expect(failures).toEqual([])
      expect(offers.map(({ sha256, matched_by }) => [sha256, matched_by])).toEqual([[sha256, matchedBy]])
      expect(offers[0]).toMatchObject({
        civitai: { model_id: 11, version_id: 22 },
        air: 'urn:air:sdxl:lora:civitai:11@22',
      })
    }
  })

  test('is not found by what only looks like it', async () => {
    const harbor = await node.add('harbor.safetensors', 'harbor', { civitai: { model_id: 1, version_id: 2 } })
    const gguf = await node.add('harbor.gguf', 'gguf')
    await node.addRows([aRow('loras/nothing.safetensors', { sha256: EMPTY_SHA256 })])
    for (const wanted of [
      hashed('sha256', '9'.repeat(64)),
      hashed('sha256_12', '9'.repeat(12)),
      { names: ['Harbor.safetensors'] },
      { names: ['harbor.ckpt'] },
      { names: ['arbor.safetensors', ''] },
      { civitai: { version_id: 3 } },
      // A name, or a version, of which a digest says that it is another file.
      { names: ['harbor.safetensors'], ...hashed('auto_v2', '9'.repeat(10)) },
      { names: ['harbor.safetensors'], ...hashed('sha256', gguf.sha256.replace(/^./, 'x')) },
      { civitai: { version_id: 2 }, ...hashed('auto_v3', '9'.repeat(12)) },
      { names: ['harbor.safetensors'], civitai: { version_id: 3 } },
      // Shortened digests of another type.
      { type: 'vae', ...hashed('auto_v2', harbor.sha256.slice(0, 10)) },
      // The digest of nothing, which tools wrote for files that they could not read.
      hashed('auto_v3', EMPTY_SHA256.slice(0, 12)),
      hashed('sha256', EMPTY_SHA256),
    ] as const) {
      expect((await w.find(wanted as Partial<WantedModel>)).offers).toEqual([])
    }
  })

  test('has several files of one name: nothing tells which is meant, but a digest does', async () => {
    const one = await node.add('a/harbor.safetensors', 'one')
    await node.add('b/harbor.safetensors', 'two')
    const named = { names: ['harbor.safetensors'] }
    expect((await w.find(named)).offers.map(({ matched_by }) => matched_by)).toEqual(['name', 'name'])
    const { offers } = await w.find({ ...named, ...hashed('auto_v2', one.sha256.slice(0, 10)) })
    expect(offers.map(({ sha256 }) => sha256)).toEqual([one.sha256])
  })

  test('is asked for its list once, and then whether it is still the same', async () => {
    const harbor = await node.add('harbor.safetensors', 'harbor')
    for (let at = 0; at < 3; at += 1) await w.find({ names: ['harbor.safetensors'] })
    expect(w.asked()).toEqual(['/v1/models/manifest'])
    // Also for digests, which the list answers as well.
    expect((await w.find(hashed('sha256', harbor.sha256))).offers).toHaveLength(1)
    expect(w.sent).toHaveLength(1)
    w.clock.advance(31_000)
    expect((await w.find({ names: ['harbor'] })).offers).toHaveLength(1)
    expect(w.sent).toHaveLength(2)
    expect(w.sent[1]?.headers?.['if-none-match']).toMatch(/^"/)
    w.clock.advance(31_000)
    const second = await node.add('second.safetensors', 'second')
    expect((await w.find({ names: ['second'] })).offers[0]?.sha256).toBe(second.sha256)
  })

  test('is asked for its list after a few digests', async () => {
    const made = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => node.add(`${name}.safetensors`, name)))
    for (const { sha256 } of made) expect((await w.find(hashed('sha256', sha256))).offers).toHaveLength(1)
    expect(w.asked().filter((path) => path.includes('?hash='))).toHaveLength(4)
    expect(w.sent).toHaveLength(5)
  })

  test('is asked for a digest alone while it makes its list', async () => {
    const made = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => node.add(`${name}.safetensors`, name)))
    const slow = await w.started(startFakeNode())
    slow.answer = async ({ path }) => (path.includes('?') ? redirectedTo(node, path) : () => {})
    w.openPeers([], 500)
    await w.nodes.remove('box', 'boss')
    await w.add('slow', slow.url)
    for (const { sha256 } of made) {
      const { offers, failures } = await w.find(hashed('sha256', sha256))
      expect([offers.length, failures]).toEqual([1, []])
    }
    expect((await w.find({ names: ['a'] })).failures).toEqual([
      { node: 'slow', reason: expect.stringContaining('did not list its models') },
    ])
    expect(slow.requests.filter(({ path }) => path === '/v1/models/manifest')).toHaveLength(1)
  })

  test('takes the types that are asked for', async () => {
    await node.add('harbor.safetensors', 'harbor')
    const authorization = `Bearer ${await node.token('models:read')}`
    const response = await node.t.fetch('/v1/models/manifest?include=lora,other', { headers: { authorization } })
    expect(await response.json()).toMatchObject({ models: [{ filename: 'harbor.safetensors' }] })
  })

  test('that has another key is refused, and nothing of it used', async () => {
    const harbor = await node.add('harbor.safetensors', 'harbor')
    const { offers } = await w.find({ names: ['harbor'] })
    const was = await node.publicKey()
    node.changeKey()
    await node.add('second.safetensors', 'second')
    w.clock.advance(31_000)
    const refused = await w.find({ names: ['harbor'] })
    expect(refused.offers).toEqual([])
    expect(refused.failures).toEqual([
      { node: 'box', reason: expect.stringMatching(/^the node has another key than before/) },
    ])
    expect((await w.nodes.find('box'))?.publicKey).toBe(was)
    expect(await rejection(w.peers.source(refOf(offers[0])))).toMatchObject({ code: 'conflict' })
    // Without a new request for a minute, and not before the owner says that it is meant.
    const requests = w.sent.length
    expect((await w.find(hashed('sha256', harbor.sha256))).failures).toHaveLength(1)
    expect(w.sent).toHaveLength(requests)
    await w.nodes.remove('box', 'boss')
    w.clock.advance(1)
    await w.add('box', node.url, { token: await node.token('models:read', 'models:serve') })
    expect((await w.find({ names: ['harbor'] })).offers).toHaveLength(1)
  })

  test('that has another key after a restart of this program gives no file either', async () => {
    await node.add('harbor.safetensors', 'harbor')
    const { offers } = await w.find({ names: ['harbor'] })
    node.changeKey()
    w.openPeers()
    const source = await w.peers.source(refOf(offers[0]))
    expect(await rejection(source.open(signal))).toMatchObject({ code: 'conflict' })
  })

  test('refuses a token: named, and not asked again for a minute', async () => {
    await w.nodes.add(
      { name: 'box', url: node.url, dialect: 'airkeep', token: 'ak_wrong', publicKey: undefined },
      'boss',
    )
    const { failures } = await w.find({ names: ['harbor'] })
    expect(failures).toEqual([{ node: 'box', reason: 'it refuses the token (HTTP 401)' }])
    await w.find({ names: ['harbor'] })
    expect(w.sent).toHaveLength(1)
    expect(JSON.stringify(await w.peers.describe())).not.toContain('ak_wrong')
    // Another token is another try.
    const token = await node.token('models:read', 'models:serve')
    await w.nodes.add({ name: 'box', url: node.url, dialect: 'airkeep', token, publicKey: undefined }, 'boss')
    expect((await w.find({ names: ['harbor'] })).failures).toEqual([])
  })

  test('lets a token look but not fetch: said when the file is opened', async () => {
    const harbor = await node.add('harbor.safetensors', 'harbor')
    const token = await node.token('models:read')
    await w.nodes.add({ name: 'box', url: node.url, dialect: 'airkeep', token, publicKey: undefined }, 'boss')
    const { offers } = await w.find(hashed('sha256', harbor.sha256))
    const error = await rejection((await w.peers.source(refOf(offers[0]))).open(signal))
    expect(error).toMatchObject({
      code: 'forbidden',
      reason: 'login',
      message: expect.stringContaining('models:serve'),
    })
    expect(JSON.stringify(error)).not.toContain(token)
  })

  test('does not have the file any more', async () => {
    const ref = { kind: 'node', node: 'box', hash: '9'.repeat(64), filename: 'x' } as const
    expect(await rejection((await w.peers.source(ref)).open(signal))).toMatchObject({ code: 'not_found' })
    await w.nodes.remove('box', 'boss')
    expect(await rejection(w.peers.source(ref))).toMatchObject({ code: 'not_found' })
  })

  test('tells what each chunk has to be', async () => {
    const harbor = await node.add('harbor.safetensors', 'harbor')
    const { offers } = await w.find(hashed('sha256', harbor.sha256))
    const source = await w.peers.source(refOf(offers[0]))
    expect(await source.chunkHashes?.(signal)).toEqual({ size: 16 * 2 ** 20, hashes: [harbor.sha256] })
  })

  test('with ten thousand models', async () => {
    const rows = Array.from({ length: 10_000 }, (_, at) =>
      aRow(`loras/model-${at}.safetensors`, { tensorSha256: hexOf(`tensors ${at}`) }),
    )
    await node.addRows(rows)
    const { offers, failures } = await w.find({ names: ['model-9999.safetensors'] })
    expect(failures).toEqual([])
    expect(offers.map(({ sha256 }) => sha256)).toEqual([hexOf('loras/model-9999.safetensors')])
    const byTensors = await w.find(hashed('auto_v3', hexOf('tensors 5').slice(0, 12)))
    expect(byTensors.offers.map(({ filename }) => filename)).toEqual(['model-5.safetensors'])
    expect(await w.peers.describe()).toMatchObject([{ name: 'box', state: 'ok', models: 10_000 }])
  })
})
