import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/lib/json.ts'
import { assetModelsTable, assetsTable } from '../../src/track/table.ts'
import { addModelRows, type ModelRowInsert } from '../support/model-rows.ts'
import { type ModelHost, openModels } from '../support/models.ts'
import { rejection } from '../support/rejection.ts'
import { aTokenActor } from '../support/track.ts'

/** 64 digits that begin with `start`. */
const hex = (start: string): string => start.padEnd(64, '5')

const names = (answer: JsonObject): unknown[] => (answer['items'] as JsonObject[]).map(({ name }) => name)

describe('the list', () => {
  let host: ModelHost
  const list = (input: object = {}): Promise<JsonObject> => host.invoke('list_models', input)

  const LORA = {
    name: 'style/Harbor.safetensors',
    sha256: hex('aaaa1'),
    tensorSha256: hex('bbbb1'),
    autoV1: 'cccc1111',
    blake3: hex('dddd1'),
    crc32: 'eeee1111',
    claims: { 'modelspec.title': 'Harbor' },
    aliases: ['/models/loras/too.safetensors'],
    baseModel: 'SDXL 1.0',
    sizeBytes: 100,
  }
  const ROWS: readonly Partial<ModelRowInsert>[] = [
    LORA,
    { name: 'claimed.safetensors', civitaiModelId: 5, civitaiVersionId: 50, sizeBytes: 10 },
    {
      name: 'labelled.safetensors',
      civitaiModelId: 6,
      civitaiVersionId: 60,
      civitai: { model_id: 6, version_id: 60, model_name: 'Old Lighthouse_100%' },
      sizeBytes: 20,
    },
    // Asked for, and unknown there: what the sidecar claims is all there is.
    { name: 'unknown.safetensors', civitaiVersionId: 50, civitai: { version_id: null }, sizeBytes: 30 },
    { name: 'base.ckpt', type: 'checkpoint', state: 'pickle', fault: 'It is a pickle', sizeBytes: 40 },
    { name: 'page.safetensors', type: 'vae', state: 'html', fault: 'It is a web page', sizeBytes: 50 },
    { ...LORA, name: 'gone.safetensors', goneAt: 5 },
    { ...LORA, name: 'elsewhere.safetensors', instanceId: 'there' },
  ]
  const ALL = ROWS.slice(0, 6).map(({ name }) => name)

  beforeAll(async () => {
    host = await openModels()
    await addModelRows(host.db, ROWS)
  })
  afterAll(() => host.close())

  const cases: readonly (readonly [what: string, input: object, found: readonly unknown[]])[] = [
    ['everything of this host that is there', {}, ALL],
    ['a type', { type: 'checkpoint' }, ['base.ckpt']],
    ['a state', { state: 'html' }, ['page.safetensors']],
    ['a type and a state', { type: 'lora', state: 'html' }, []],
    ['text of the path, upper and lower case alike', { query: 'STYLE/harb' }, [LORA.name]],
    ['text of the folder above', { query: '/models/loras/base' }, ['base.ckpt']],
    ['text of another path of the file', { query: 'loras/TOO.' }, [LORA.name]],
    ['text of how paths are kept', { query: '[' }, []],
    ['text of the base model', { query: 'sdxl' }, [LORA.name]],
    ['text of the name on Civitai', { query: 'lighthouse_100%' }, ['labelled.safetensors']],
    ['text with what patterns are made of', { query: 'lighthouse%100' }, []],
    ['text with an underscore', { query: 'l_belled' }, []],
    ['a backslash', { query: '\\' }, []],
    ['SHA-256', { hash: LORA.sha256 }, [LORA.name]],
    ['SHA-256 with a prefix, upper case', { hash: `sha256:${LORA.sha256.toUpperCase()}` }, [LORA.name]],
    ['tensors', { hash: `0x${LORA.tensorSha256}` }, [LORA.name]],
    ['AutoV2', { hash: LORA.sha256.slice(0, 10) }, [LORA.name]],
    ['AutoV3', { hash: LORA.tensorSha256.slice(0, 12) }, [LORA.name]],
    ['AutoV1', { hash: LORA.autoV1 }, [LORA.name]],
    ['BLAKE3', { hash: LORA.blake3 }, [LORA.name]],
    ['CRC-32', { hash: LORA.crc32 }, [LORA.name]],
    ['a digest of nothing here', { hash: hex('99') }, []],
    ['no digest at all', { hash: 'harbor' }, []],
    ['a digest and another type', { hash: LORA.sha256, type: 'vae' }, []],
    [
      'a version of Civitai, claimed or not',
      { civitai_version_id: 50 },
      ['claimed.safetensors', 'unknown.safetensors'],
    ],
    ['a version that is not here', { civitai_version_id: 51 }, []],
  ]
  test.each(cases)('%s', async (_, input, found) => {
    const answer = await list(input)
    expect(names(answer).toSorted()).toEqual([...found].toSorted())
    const size = ROWS.filter(({ name }) => found.includes(name)).reduce((sum, row) => sum + (row.sizeBytes ?? 0), 0)
    expect(answer).toMatchObject({ count: found.length, total_bytes: size })
    expect(answer['wasted_bytes']).toBeUndefined()
  })

  test('pages in the order of the paths, and counts all of them', async () => {
    const pages = await Promise.all([0, 4, 8].map((offset) => list({ limit: 4, offset })))
    expect(pages.map(({ count }) => count)).toEqual([6, 6, 6])
    expect(pages.flatMap(names)).toEqual(ALL.toSorted())
    expect(pages.map((page) => names(page).length)).toEqual([4, 2, 0])
  })

  test('shows each digest, what it was derived from, and where the file is', async () => {
    const [shown] = (await list({ hash: LORA.sha256 }))['items'] as JsonObject[]
    expect(shown).toMatchObject({
      path: `/models/loras/${LORA.name}`,
      filename: 'Harbor.safetensors',
      sha256: LORA.sha256,
      auto_v1: LORA.autoV1,
      auto_v2: LORA.sha256.slice(0, 10),
      auto_v3: LORA.tensorSha256.slice(0, 12),
      aliases: LORA.aliases,
      claims: LORA.claims,
      civitai: null,
      instance_id: 'here',
    })
  })

  test('nothing is known of digests before a file is hashed', async () => {
    const [shown] = (await list({ query: 'base.ckpt' }))['items'] as JsonObject[]
    expect(shown).toMatchObject({
      sha256: null,
      auto_v2: null,
      auto_v3: null,
      hashed_at: null,
      fault: 'It is a pickle',
    })
  })

  test.each([
    ['claimed.safetensors', { model_id: 5, version_id: 50, source: 'claim' }],
    ['unknown.safetensors', { model_id: null, version_id: 50, source: 'claim' }],
    ['labelled.safetensors', { model_id: 6, version_id: 60, model_name: 'Old Lighthouse_100%', source: 'civitai' }],
  ])('%s says who says so', async (query, civitai) => {
    expect(await list({ query })).toMatchObject({ items: [{ civitai }] })
  })

  test.each([
    [{ type: 'loras' }, 'type'],
    [{ state: 'good' }, 'state'],
    [{ query: '' }, 'query'],
    [{ civitai_version_id: 0 }, 'civitai_version_id'],
    [{ limit: 1001 }, 'limit'],
    [{ nope: 1 }, 'nope'],
  ])('refuses %j', async (input, path) => {
    expect(await rejection(list(input))).toMatchObject({ code: 'invalid_input', errors: [{ path }] })
  })

  test('needs models:read', async () => {
    const call = { actor: aTokenActor('other', 'track:read', 'models:serve') }
    expect(await rejection(host.invoke('list_models', {}, call))).toMatchObject({ code: 'forbidden' })
  })
})

describe('duplicates', () => {
  let host: ModelHost
  beforeEach(async () => {
    host = await openModels()
  })
  afterEach(() => host.close())
  const list = (input: object = {}): Promise<JsonObject> => host.invoke('list_models', { duplicates: true, ...input })

  test('largest first, copies side by side, with what they cost', async () => {
    await addModelRows(host.db, [
      { name: 'b.pt', sha256: hex('b'), sizeBytes: 10 },
      { name: 'b2.pt', sha256: hex('b'), sizeBytes: 10, type: 'vae' },
      { name: 'c.pt', sha256: hex('c'), sizeBytes: 500 },
      { name: 'a.pt', sha256: hex('a'), sizeBytes: 300 },
      { name: 'd.pt', sha256: hex('a'), sizeBytes: 300 },
      { name: 'e.pt', sha256: hex('a'), sizeBytes: 300 },
      { name: 'x.pt', sizeBytes: 300 },
      { name: 'y.pt', sizeBytes: 300 },
    ])
    const answer = await list()
    expect(names(answer)).toEqual(['a.pt', 'd.pt', 'e.pt', 'b.pt', 'b2.pt'])
    expect(answer).toMatchObject({ count: 5, total_bytes: 920, wasted_bytes: 610 })
    // What one page shows does not change the sums.
    expect(await list({ limit: 1 })).toMatchObject({ count: 5, wasted_bytes: 610 })
    expect(names(await list({ type: 'vae' }))).toEqual(['b2.pt'])
  })

  test('names of one file, which separate scans have met, cost nothing', async () => {
    const one = { sha256: hex('a'), sizeBytes: 100, device: '1', inode: '7', modifiedUs: 1 }
    await addModelRows(host.db, [
      { ...one, name: 'a.pt' },
      { ...one, name: 'b.pt' },
    ])
    expect(await list()).toMatchObject({ count: 0, wasted_bytes: 0 })
    // Beside a real copy they are shown, and are one file still.
    await addModelRows(host.db, [{ ...one, name: 'c.pt', inode: '8' }])
    expect(await list()).toMatchObject({ count: 3, wasted_bytes: 100 })
  })

  test('nothing that is gone, on another host, empty, or the tensors alone', async () => {
    const same = { sha256: hex('a') }
    await addModelRows(host.db, [
      { ...same, name: 'a.pt' },
      { ...same, name: 'gone.pt', goneAt: 1 },
      { ...same, name: 'there.pt', instanceId: 'there' },
      { name: 'e1.pt', sha256: hex('e'), sizeBytes: 0 },
      { name: 'e2.pt', sha256: hex('e'), sizeBytes: 0 },
      { name: 't1.pt', sha256: hex('1'), tensorSha256: hex('f') },
      { name: 't2.pt', sha256: hex('2'), tensorSha256: hex('f') },
    ])
    expect(await list()).toMatchObject({ items: [], count: 0, wasted_bytes: 0 })
  })
})

describe('unused', () => {
  let host: ModelHost
  let assets = 0
  beforeEach(async () => {
    host = await openModels()
  })
  afterEach(() => host.close())

  /** An asset that was made with a model, as the ledger links it. */
  async function anAssetMadeWith(link: Partial<typeof assetModelsTable.$inferInsert>): Promise<void> {
    assets += 1
    const author = { createdBy: 'local', updatedBy: 'local', createdAt: 1, updatedAt: 1 }
    await host.db.write(async (tx) => {
      const asset = { assetUrl: '/a.png', assetType: 'image', assetSource: 'generated', sizeBytes: 1 } as const
      const [row] = await tx
        .insert(assetsTable)
        .values({ ...asset, ...author, sha256sum: hex(`abc${assets}`), inputAssetIds: [], metadata: {} })
        .returning({ id: assetsTable.id })
      await tx.insert(assetModelsTable).values({ assetId: row?.id ?? 0, type: 'lora', ...link })
    })
  }
  const unused = async (input: object = {}): Promise<unknown[]> =>
    names(await host.invoke('list_models', { unused: true, ...input }))

  const ROW = {
    name: 'a.safetensors',
    sha256: hex('aa11'),
    tensorSha256: hex('bb22'),
    autoV1: 'cc334455',
    civitaiVersionId: 77,
  }
  const links: readonly (readonly [what: string, link: object, isUsed: boolean])[] = [
    ['SHA-256', { sha256: ROW.sha256 }, true],
    ['its tensors', { tensorSha256: ROW.tensorSha256 }, true],
    ['AutoV2', { autoV2: ROW.sha256.slice(0, 10) }, true],
    ['AutoV3', { autoV3: ROW.tensorSha256.slice(0, 12) }, true],
    ['the beginning of SHA-256 where AutoV3 stands', { autoV3: ROW.sha256.slice(0, 12) }, true],
    ['AutoV1', { autoV1: ROW.autoV1 }, true],
    ['its version on Civitai', { civitaiVersionId: 77 }, true],
    ['another version', { civitaiVersionId: 78 }, false],
    [
      'another SHA-256 with the same AutoV2',
      { sha256: `${ROW.sha256.slice(0, 10)}${'9'.repeat(54)}`, autoV2: ROW.sha256.slice(0, 10) },
      false,
    ],
    ['its name alone', { name: 'a' }, false],
  ]
  test.each(links)('an asset that knows it by %s', async (_, link, isUsed) => {
    await addModelRows(host.db, [ROW, { name: 'other.safetensors', sha256: hex('99') }])
    await anAssetMadeWith(link)
    expect(await unused()).toEqual(isUsed ? ['other.safetensors'] : ['a.safetensors', 'other.safetensors'])
  })

  test('a file without any digest is not taken for used by a link without one', async () => {
    await addModelRows(host.db, [{ name: 'a.safetensors' }])
    await anAssetMadeWith({ name: 'nothing is known' })
    expect(await unused()).toEqual(['a.safetensors'])
  })

  test('an import that resolved to it', async () => {
    await addModelRows(host.db, [{ name: 'a.safetensors', lastUsedAt: 5 }, { name: 'b.safetensors' }])
    expect(await unused()).toEqual(['b.safetensors'])
  })

  test('together with other filters', async () => {
    await addModelRows(host.db, [{ name: 'a.pt', type: 'vae' }, { name: 'b.pt' }])
    expect(await unused({ type: 'vae' })).toEqual(['a.pt'])
    expect(await host.invoke('list_models', { unused: true, limit: 1 })).toMatchObject({ count: 2 })
  })
})
