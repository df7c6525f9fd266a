import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import canonicalize from 'canonicalize'
import { createHostKey, type HostKey } from '../../../src/models/serve/host-key.ts'
import { verifyManifest } from '../../../src/models/serve/verify-manifest.ts'
import { rejection } from '../../support/rejection.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { hexOf } from './index-rows.ts'

const MODEL = {
  model_key: 'sha256:x',
  filename: 'a.safetensors',
  size: 1,
  sha256: hexOf('a'),
  type: 'lora',
  download: { http: '/v1/models/download?hash=x' },
}

async function signed(key: HostKey, change: object = {}, node: object = {}): Promise<Record<string, unknown>> {
  const unsigned = {
    node: { id: 'n', public_key: await key.publicKey(), sig_algo: 'ed25519', ...node },
    generated_at: '2026-01-01T00:00:00Z',
    models: [MODEL],
    ...change,
  }
  return { ...unsigned, signature: await key.sign(Buffer.from(canonicalize(unsigned) ?? '')) }
}

describe('another node', () => {
  test('may say more than the protocol knows, and it is signed too', async () => {
    using dir = tempDir()
    const key = createHostKey({ file: join(dir.path, 'k') })
    const manifest = await signed(key, { x_new: [{ b: 1, a: [2] }], models: [{ ...MODEL, x: 1 }] })
    expect(await verifyManifest(manifest)).toEqual({
      nodeId: 'n',
      generatedAt: '2026-01-01T00:00:00Z',
      models: [{ ...MODEL, tags: [] }],
      publicKey: await key.publicKey(),
    })
    expect(await rejection(verifyManifest({ ...manifest, x_new: [{ b: 1, a: [3] }] }))).toMatchObject({
      code: 'checksum_mismatch',
    })
  })

  test('may list models that cannot be read: they are left out', async () => {
    using dir = tempDir()
    const key = createHostKey({ file: join(dir.path, 'k') })
    const odd = [null, [], 'x', {}, { ...MODEL, size: -1 }, { ...MODEL, sha256: '0xAB' }, { ...MODEL, filename: '' }]
    const { models } = await verifyManifest(await signed(key, { models: [...odd, MODEL] }))
    expect(models).toEqual([{ ...MODEL, tags: [] }])
  })

  test('may leave the signature out, unless its key is known', async () => {
    const manifest = { node: { id: 'n' }, generated_at: 'x', models: [] }
    expect((await verifyManifest(manifest)).publicKey).toBeUndefined()
    expect(await rejection(verifyManifest(manifest, 'A'.repeat(43).concat('=')))).toMatchObject({ code: 'conflict' })
  })
})

test('another key than the pinned one is a conflict that shows both beginnings', async () => {
  using dir = tempDir()
  const [one, two] = ['1', '2'].map((name) => createHostKey({ file: join(dir.path, name) })) as [HostKey, HostKey]
  const [was, now] = await Promise.all([one.publicKey(), two.publicKey()])
  const error = await rejection(verifyManifest(await signed(two), was))
  expect(error).toMatchObject({
    code: 'conflict',
    message: `The node has another key than before: ${now.slice(0, 12)} instead of ${was.slice(0, 12)}`,
  })
  // The right key on the label does not help.
  expect(await rejection(verifyManifest(await signed(two, {}, { public_key: was }), was))).toMatchObject({
    code: 'checksum_mismatch',
  })
})

test.each<[string, unknown, string]>([
  ['nothing', undefined, 'upstream_unavailable'],
  ['a text', 'manifest', 'upstream_unavailable'],
  ['a list', [], 'upstream_unavailable'],
  ['an error', { error: 'no' }, 'upstream_unavailable'],
  ['no models', { node: { id: 'n' }, generated_at: 'x' }, 'upstream_unavailable'],
  [
    'a signature without key',
    { node: { id: 'n' }, generated_at: 'x', models: [], signature: 'x' },
    'upstream_unavailable',
  ],
])('%s: refused', async (_, json, code) => {
  expect(await rejection(verifyManifest(json))).toMatchObject({ code })
})

test.each<[string, object, object, string]>([
  ['no signature', { signature: undefined }, {}, 'upstream_unavailable'],
  ['half a signature', { signature: 'AAAA' }, {}, 'checksum_mismatch'],
  ['an empty signature', { signature: `${'A'.repeat(86)}==` }, {}, 'checksum_mismatch'],
  ['another algorithm', {}, { sig_algo: 'none' }, 'upstream_unavailable'],
  ['a key that is no point of the curve', {}, { public_key: `${'/'.repeat(42)}8=` }, 'checksum_mismatch'],
  ['a short key', {}, { public_key: 'AAAA' }, 'upstream_unavailable'],
])('%s: refused', async (_, change, node, code) => {
  using dir = tempDir()
  const manifest = { ...(await signed(createHostKey({ file: join(dir.path, 'k') }), {}, node)), ...change }
  expect(await rejection(verifyManifest(JSON.parse(JSON.stringify(manifest))))).toMatchObject({ code })
})

test('another text for the same signature is refused', async () => {
  using dir = tempDir()
  const manifest = await signed(createHostKey({ file: join(dir.path, 'k') }))
  const signature = String(manifest['signature'])
  // The 86th digit carries two bits of the last byte and four that mean nothing.
  const last = String.fromCharCode(signature.charCodeAt(85) + 1)
  const other = `${signature.slice(0, 85)}${last}==`
  expect(Buffer.from(other, 'base64')).toEqual(Buffer.from(signature, 'base64'))
  expect(await rejection(verifyManifest({ ...manifest, signature: other }))).toMatchObject({
    code: 'checksum_mismatch',
  })
})

test('nesting without end is refused', async () => {
  using dir = tempDir()
  const manifest = await signed(createHostKey({ file: join(dir.path, 'k') }))
  let deep: unknown = []
  for (let level = 0; level < 200_000; level += 1) deep = [deep]
  expect(await rejection(verifyManifest({ ...manifest, deep }))).toMatchObject({ code: 'upstream_unavailable' })
})
