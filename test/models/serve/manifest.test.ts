import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import canonicalize from 'canonicalize'
import { and, eq } from 'drizzle-orm'
import fc from 'fast-check'
import type { JsonObject } from '../../../src/lib/json.ts'
import { createServeRule } from '../../../src/models/serve/exclude.ts'
import { createHostKey } from '../../../src/models/serve/host-key.ts'
import {
  createManifest,
  type Manifest,
  type ManifestAnswer,
  type ManifestDeps,
} from '../../../src/models/serve/manifest.ts'
import { createServedRows } from '../../../src/models/serve/served-rows.ts'
import { verifyManifest } from '../../../src/models/serve/verify-manifest.ts'
import { modelFilesTable } from '../../../src/models/table.ts'
import { rejection } from '../../support/rejection.ts'
import { openTempDb, type TempDb } from '../../support/temp-db.ts'
import { createTestClock, type TestClock } from '../../support/track.ts'
import { aRow, HERE, hexOf, insertRows } from './index-rows.ts'

let temp: TempDb
let clock: TestClock
let reads = 0
beforeEach(async () => {
  temp = await openTempDb({ onRead: (sql) => (reads += Number(sql.includes('"path" >'))) })
  clock = createTestClock()
  reads = 0
})
afterEach(() => temp.close())

const open = (over: Partial<ManifestDeps> = {}, exclude: readonly string[] = []): Manifest =>
  createManifest({
    rows: createServedRows({ db: temp.db, instanceId: () => HERE, roots: () => ['/'] }),
    rule: createServeRule({ exclude, allowPickle: false, now: clock.now }),
    hostKey: createHostKey({ file: join(temp.dir, 'node-key') }),
    clock,
    instanceId: () => HERE,
    chunks: async () => ({ chunkBytes: 16, hashes: [hexOf('chunk')] }),
    ...over,
  })

const change = (path: string, values: Partial<typeof modelFilesTable.$inferInsert>) =>
  temp.db.write(async (tx) => {
    await tx
      .update(modelFilesTable)
      .set({ updatedAt: clock.now(), ...values })
      .where(and(eq(modelFilesTable.instanceId, HERE), eq(modelFilesTable.path, path)))
  })

const filenames = ({ body }: ManifestAnswer): string[] => body.models.map(({ filename }) => filename)

const LABEL = {
  model_id: 11,
  version_id: 22,
  base_model: 'SDXL 1.0',
  trained_words: ['h4rbor', 'h4rbor', 'x'.repeat(300)],
  nsfw: false,
  license: { allow_no_credit: true, allow_commercial_use: ['Image'], allow_derivatives: true },
}

describe('the manifest', () => {
  test('has the fields of the protocol, in the canonical form that is signed', async () => {
    await insertRows(temp.db, [
      aRow('loras/style/harbor.safetensors', { tensorSha256: hexOf('tensors'), civitai: LABEL }),
      aRow('vae/own.safetensors', {
        type: 'vae',
        baseModel: 'Flux.1 D',
        sizeBytes: 7,
        civitaiModelId: 1,
        civitaiVersionId: 2,
      }),
    ])
    const { body, text, etag } = await open().get()
    expect(body).toEqual({
      generated_at: '2026-08-01T12:00:00.000Z',
      models: [
        {
          model_key: 'urn:air:sdxl:lora:civitai:11@22',
          filename: 'harbor.safetensors',
          size: 1_000,
          sha256: hexOf('loras/style/harbor.safetensors'),
          tensor_sha256: hexOf('tensors'),
          type: 'lora',
          civitai: { modelId: 11, versionId: 22, license: 'commercial', nsfw: false },
          tags: ['SDXL 1.0', 'h4rbor', 'x'.repeat(100)],
          updated_at: '2025-06-15T15:06:40.123Z',
          download: { http: `/v1/models/download?hash=${hexOf('loras/style/harbor.safetensors')}` },
        },
        {
          // Ids that a file claims for itself are no key.
          model_key: `sha256:${hexOf('vae/own.safetensors')}`,
          filename: 'own.safetensors',
          size: 7,
          sha256: hexOf('vae/own.safetensors'),
          type: 'vae',
          tags: ['Flux.1 D'],
          updated_at: '2025-06-15T15:06:40.123Z',
          download: { http: `/v1/models/download?hash=${hexOf('vae/own.safetensors')}` },
        },
      ],
      node: { id: HERE, public_key: body.node.public_key, sig_algo: 'ed25519' },
      signature: body.signature,
    })
    expect(text).toBe(canonicalize(body) as string)
    expect(etag).toMatch(/^"[\w-]{43}"$/)
    const verified = await verifyManifest(JSON.parse(text), body.node.public_key)
    expect(verified).toMatchObject({ nodeId: HERE, publicKey: body.node.public_key })
    expect(verified.models.map(({ filename }) => filename)).toEqual(filenames({ body, text, etag }))
  })

  test('of nothing is signed too', async () => {
    const { body } = await open().get()
    expect(body.models).toEqual([])
    await verifyManifest(body, body.node.public_key)
  })

  test('lists each content once, and nothing that is gone, excluded, not hashed, broken, kept by its licence or of another host', async () => {
    const same = { sha256: hexOf('same') }
    await insertRows(temp.db, [
      aRow('loras/a.safetensors', same),
      aRow('loras/b.safetensors', same),
      aRow('loras/gone.safetensors', { goneAt: 5 }),
      aRow('loras/not-hashed.safetensors', { sha256: null }),
      aRow('loras/broken.safetensors', { state: 'truncated' }),
      aRow('loras/unsafe.pt', { state: 'pickle' }),
      aRow('loras/paid.safetensors', { civitai: { availability: 'EarlyAccess' } }),
      aRow('private/c.safetensors'),
      aRow('private/d.safetensors', { sha256: hexOf('twice') }),
      aRow('loras/d-copy.safetensors', { sha256: hexOf('twice') }),
      aRow('loras/elsewhere.safetensors', { instanceId: 'inst_there' }),
      // The broken copy stands first; the sound one is what is served.
      aRow('loras/e1.safetensors', { sha256: hexOf('e'), state: 'partial' }),
      aRow('loras/e2.safetensors', { sha256: hexOf('e') }),
    ])
    expect(filenames(await open({}, ['private/**']).get())).toEqual(['a.safetensors', 'e2.safetensors'])
  })

  test('more rows than fit into one page are all there', async () => {
    await insertRows(
      temp.db,
      Array.from({ length: 1_234 }, (_, n) => aRow(`loras/${n}.safetensors`)),
    )
    const { body, text } = await open().get()
    expect(new Set(filenames({ body, text, etag: '' })).size).toBe(1_234)
    expect(text).toBe(canonicalize(body) as string)
  })

  test.each([
    [['weights'], ['c', 'u']],
    [
      ['loras', 'vae'],
      ['l', 'v'],
    ],
    [['lora'], ['l']],
    [['embeddings'], []],
    [
      ['checkpoint', 'loras', 'lora'],
      ['c', 'l'],
    ],
  ] as const)('include %j', async (include, expected) => {
    await insertRows(temp.db, [
      aRow('1/c', { type: 'checkpoint' }),
      aRow('2/l', { type: 'lora' }),
      aRow('3/u', { type: 'diffusion_model' }),
      aRow('4/v', { type: 'vae' }),
    ])
    const answer = await open().get({ include: [...include] })
    expect(filenames(answer)).toEqual([...expected])
    await verifyManifest(JSON.parse(answer.text), answer.body.node.public_key)
  })

  test('one model by the digest of file or tensors, with its chunks if asked', async () => {
    await insertRows(temp.db, [
      aRow('loras/a', { tensorSha256: hexOf('ta') }),
      aRow('loras/b', { tensorSha256: hexOf('tb') }),
    ])
    const manifest = open()
    expect(filenames(await manifest.get({ hash: hexOf('loras/b') }))).toEqual(['b'])
    expect(filenames(await manifest.get({ hash: hexOf('ta') }))).toEqual(['a'])
    expect(filenames(await manifest.get({ hash: hexOf('nothing') }))).toEqual([])
    expect(filenames(await manifest.get({ hash: hexOf('ta'), include: ['vae'] }))).toEqual([])
    const { body, text } = await manifest.get({ hash: hexOf('ta'), chunks: true })
    expect(body.models[0]?.chunks).toEqual({ size: 16, count: 1, hashes: [hexOf('chunk')] })
    expect(text).toBe(canonicalize(body) as string)
    await verifyManifest(body, body.node.public_key)
    expect(await rejection(manifest.get({ chunks: true }))).toMatchObject({ code: 'invalid_input' })
  })
})

describe('as long as nothing changes', () => {
  test('answer, time and ETag are the same, and the index is not read again', async () => {
    await insertRows(temp.db, [aRow('loras/a', { civitai: LABEL })])
    const manifest = open()
    const first = await manifest.get()
    const after = reads
    clock.advance(60_000)
    expect(await manifest.get()).toBe(first)
    expect((await manifest.get({ include: ['loras'] })).etag).toBe(first.etag)
    expect((await manifest.get({ include: ['vae'] })).etag).not.toBe(first.etag)
    expect(reads).toBe(after)
  })

  test('in what is listed, writes to the index change nothing either', async () => {
    await insertRows(temp.db, [aRow('loras/a')])
    const manifest = open()
    const first = await manifest.get()
    clock.advance(60_000)
    await change('/models/loras/a', { inspectedAt: 5, inode: '77', claims: { header: { a: 'b' } } })
    expect(await manifest.get()).toBe(first)
    expect(reads).toBeGreaterThan(2)
  })

  test('many who ask at once cause one reading', async () => {
    await insertRows(temp.db, [aRow('loras/a')])
    const manifest = open()
    const answers = await Promise.all(Array.from({ length: 20 }, () => manifest.get()))
    expect(new Set(answers).size).toBe(1)
    expect(reads).toBe(2)
  })
})

describe('a change', () => {
  const cases: readonly [string, () => Promise<unknown>, string[]][] = [
    ['a new file', () => insertRows(temp.db, [aRow('loras/c', { updatedAt: clock.now() })]), ['a', 'b', 'c']],
    ['a new file with an old time', () => insertRows(temp.db, [aRow('loras/c', { updatedAt: 5 })]), ['a', 'b', 'c']],
    ['a file that is gone', () => change('/models/loras/a', { goneAt: 1 }), ['b']],
    [
      'a file that was forgotten',
      () =>
        temp.db.write(
          async (tx) => void (await tx.delete(modelFilesTable).where(eq(modelFilesTable.path, '/models/loras/a'))),
        ),
      ['b'],
    ],
    ['a label that keeps it here', () => change('/models/loras/a', { civitai: { availability: 'Private' } }), ['b']],
    ['a state', () => change('/models/loras/b', { state: 'corrupt' }), ['a']],
  ]
  test.each(cases)('%s is seen at once, with a new time and ETag', async (_, act, expected) => {
    await insertRows(temp.db, [aRow('loras/a'), aRow('loras/b')])
    const manifest = open()
    const first = await manifest.get()
    const others = await manifest.get({ include: ['vae'] })
    clock.advance(5_000)
    await act()
    const second = await manifest.get()
    expect(filenames(second)).toEqual(expected)
    expect(second.etag).not.toBe(first.etag)
    expect(second.body.generated_at > first.body.generated_at).toBe(true)
    expect((await manifest.get({ include: ['vae'] })).etag).not.toBe(others.etag)
  })

  test('within the millisecond in which the index was read is seen too', async () => {
    await insertRows(temp.db, [aRow('loras/a', { updatedAt: clock.now() })])
    const manifest = open()
    const first = await manifest.get()
    await change('/models/loras/a', { state: 'html' })
    const second = await manifest.get()
    expect(filenames(second)).toEqual([])
    expect(second.body.generated_at > first.body.generated_at).toBe(true)
  })

  test('that comes while the index is read is in the answer of who asks after it', async () => {
    await insertRows(temp.db, [aRow('loras/a')])
    const rows = createServedRows({ db: temp.db, instanceId: () => HERE, roots: () => ['/'] })
    let isIn = (): void => {}
    const reached = new Promise<void>((resolve) => (isIn = resolve))
    let goOn = (): void => {}
    const pause = new Promise<void>((resolve) => (goOn = resolve))
    const manifest = open({
      rows: {
        ...rows,
        async *pages() {
          yield* rows.pages()
          isIn()
          await pause
        },
      },
    })
    const early = manifest.get()
    await reached
    await insertRows(temp.db, [aRow('loras/b', { updatedAt: clock.now() })])
    const late = manifest.get()
    goOn()
    expect(filenames(await early)).toEqual(['a'])
    expect(filenames(await late)).toEqual(['a', 'b'])
  })

  test('of time alone: early access ends', async () => {
    const ends_at = new Date(clock.now() + 60_000).toISOString()
    await insertRows(temp.db, [aRow('loras/a', { civitai: { paid_access: { permanent: false, ends_at } } })])
    const manifest = open()
    const first = await manifest.get()
    expect(first.body.models).toEqual([])
    clock.advance(59_999)
    expect(await manifest.get()).toBe(first)
    clock.advance(1)
    expect(filenames(await manifest.get())).toEqual(['a'])
  })

  test('a reading that fails is not kept', async () => {
    await insertRows(temp.db, [aRow('loras/a')])
    const rows = createServedRows({ db: temp.db, instanceId: () => HERE, roots: () => ['/'] })
    let failures = 1
    const manifest = open({
      rows: {
        ...rows,
        pages() {
          if (failures-- > 0) throw new Error('disk')
          return rows.pages()
        },
      },
    })
    expect(await rejection(manifest.get())).toMatchObject({ message: 'disk' })
    expect(filenames(await manifest.get())).toEqual(['a'])
  })
})

describe('any library', () => {
  const text = fc.string({ unit: 'binary', maxLength: 30 }).map((s) => s.replaceAll('\0', '').toWellFormed())
  const entry = fc.record({
    name: text,
    tensor: fc.boolean(),
    sizeBytes: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    modifiedUs: fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER }),
    base_model: fc.option(text),
    trained_words: fc.array(text, { maxLength: 3 }),
    nsfw: fc.option(fc.boolean()),
    license: fc.option(fc.constantFrom({ allow_commercial_use: ['Sell'] }, { allow_commercial_use: null })),
  })

  test('gives canonical text with a signature that every change breaks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), fc.nat(), async (entries, where) => {
        await temp.db.write(async (tx) => void (await tx.delete(modelFilesTable)))
        await insertRows(
          temp.db,
          entries.map(({ name, tensor, sizeBytes, modifiedUs, ...label }, n) =>
            aRow(`${n}/${name}`, {
              name,
              sizeBytes,
              modifiedUs,
              tensorSha256: tensor ? hexOf(`t${n}`) : null,
              civitai: { model_id: n + 1, version_id: n + 1, ...label } as JsonObject,
            }),
          ),
        )
        const { body, text: made } = await open().get()
        expect(body.models).toHaveLength(entries.length)
        expect(made).toBe(canonicalize(body) as string)
        await verifyManifest(JSON.parse(made), body.node.public_key)
        // Another letter or digit anywhere in the text.
        const places = [...made.matchAll(/[A-Za-z0-9]/g)].map(({ index }) => index)
        const at = places[where % places.length] ?? 0
        const other = made[at] === '1' ? '2' : '1'
        const changed = `${made.slice(0, at)}${other}${made.slice(at + 1)}`
        const json = parseOrNull(changed)
        if (json !== null && canonicalize(json) !== made) {
          const error = await rejection(verifyManifest(json, body.node.public_key))
          expect(['checksum_mismatch', 'conflict', 'upstream_unavailable']).toContain((error as { code: string }).code)
        }
      }),
      { numRuns: 60 },
    )
  })
})

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
