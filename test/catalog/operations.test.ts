import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalFiles } from '../../src/access/local-files.ts'
import type { AirLabel, LabelOf } from '../../src/catalog/fix/fix-page.ts'
import { createCatalogPageOperations } from '../../src/catalog/operations.ts'
import { createPageReader } from '../../src/catalog/read/page-reader.ts'
import type { Call } from '../../src/operation/operation.ts'
import { type Actor, OWNER } from '../../src/operation/permission.ts'
import { pageText } from '../support/catalog.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'

const reader = createPageReader({ size: 1 })
afterAll(() => reader.close())

const AIR = 'urn:air:sdxl:lora:civitai:1@2'
const CODE = 'civitdl "https://civitai.com/models/1?modelVersionId=2" "$UI_HOME"/models/Lora'
const TOKEN: Actor = { kind: 'token', name: 'ci', permissions: new Set(['catalog:read', 'catalog:write']) }
const LABEL: AirLabel = { model_id: 1, ecosystem: 'sdxl', type: 'lora' }

function catalogOf(roots: readonly string[], label: Awaited<ReturnType<LabelOf>> = LABEL) {
  const asked: number[] = []
  const operations = createCatalogPageOperations({
    reader,
    localFiles: createLocalFiles({ roots: () => roots }),
    roots: () => roots,
    labelOf: async (versionId) => {
      asked.push(versionId)
      return label
    },
  })
  const run = (name: string, input: object, actor: Actor = OWNER) => {
    const call: Call = {
      signal: new AbortController().signal,
      requestId: 'req_1',
      surface: 'http',
      actor,
      progress() {},
    }
    const operation = operations.find((each) => each.name === name)
    if (operation === undefined) throw new Error(`no ${name}`)
    return operation.invoke(input, call) as Promise<Record<string, never>>
  }
  return { run, asked, operations }
}

test('their inputs and outputs are JSON Schema', () => {
  for (const operation of catalogOf([]).operations) {
    expect(operation.inputJsonSchema()).toMatchObject({ type: 'object' })
    expect(operation.outputJsonSchema()).toMatchObject({ type: 'object' })
  }
})

describe('validate_catalog', () => {
  test('a page whose text cannot be given is invalid, with its reason, and no file is read', async () => {
    const { run } = catalogOf([])
    const items = [
      { file_path: 'a.md', unreadable: 'It is no text' },
      { file_path: 'b.md', content: pageText(`AIR: ${AIR}`, CODE) },
    ]
    expect(await run('validate_catalog', { items })).toMatchObject({
      pages: [{ syntax_type: 'INVALID', is_valid: false, reason: 'It is no text' }, { is_valid: true }],
      statistics: { total_pages: 2, syntax_types: { INVALID: { count: 1 } } },
    })
  })

  test('a folder', async () => {
    using place = tempDir()
    mkdirSync(join(place.path, 'loras'))
    writeFileSync(join(place.path, 'loras/a.md'), pageText(`AIR: ${AIR}`, CODE))
    writeFileSync(join(place.path, 'loras/b.md'), pageText(`AIR: ${AIR}`, 'true'))
    symlinkSync('/etc/hostname', join(place.path, 'out.md'))
    const { pages, statistics, notes } = await catalogOf([]).run('validate_catalog', { catalog_dir: place.path })
    expect(pages as unknown).toMatchObject([
      {
        file_path: 'loras/a.md',
        syntax_type: 'CIVITDL_WITH_AIR',
        tested: 'No',
        is_valid: true,
        air: AIR,
        download_count: 1,
        checkable: true,
        notes: ['the same AIR as loras/b.md'],
      },
      { file_path: 'loras/b.md', syntax_type: 'NO_DOWNLOAD', is_valid: false, notes: ['the same AIR as loras/a.md'] },
      {
        file_path: 'out.md',
        syntax_type: 'INVALID',
        air: null,
        reason: 'It is a symlink that leads out of the catalog',
      },
    ])
    expect(statistics as unknown).toMatchObject({ total_pages: 3, valid: { count: 1, percent: 33.3 } })
    expect(notes as unknown).toEqual([])
  })

  test('single pages, by path and by content', async () => {
    using place = tempDir()
    mkdirSync(join(place.path, 'LoRAs/loras'), { recursive: true })
    writeFileSync(join(place.path, 'LoRAs/loras/a.md'), pageText(`AIR: ${AIR}`, CODE))
    const items = [
      { file_path: 'loras/a.md', air: AIR },
      { file_path: 'x.md', content: pageText('', CODE) },
      { file_path: '../a.md' },
      { file_path: '../x.md', content: 'x' },
      { file_path: '/etc/passwd' },
      { file_path: 'loras/none.md' },
      { file_path: 'loras/a.md', air: 'urn:air:sdxl:lora:civitai:1@3' },
    ]
    const { pages } = await catalogOf([place.path]).run('validate_catalog', { items }, TOKEN)
    expect(
      (pages as unknown as { syntax_type: string; reason?: string }[]).map(({ syntax_type, reason }) => [
        syntax_type,
        reason,
      ]),
    ).toEqual([
      ['CIVITDL_WITH_AIR', undefined],
      ['CIVITDL_NO_AIR', undefined],
      ['INVALID', 'file_path leads out of the catalog'],
      ['INVALID', 'file_path leads out of the catalog'],
      ['INVALID', 'file_path must name a page, a file that ends in .md'],
      ['INVALID', 'loras/none.md does not exist in the catalog'],
      ['CIVITDL_WITH_AIR', undefined],
    ])
    expect((pages as unknown as { notes: string[] }[])[6]?.notes).toContain(
      'the AIR given with it is not that of the page',
    )
  })

  test('absolute paths outside of a catalog that is configured are no pages, for whomever', async () => {
    using place = tempDir()
    using other = tempDir()
    for (const folder of [place.path, other.path]) writeFileSync(join(folder, 'a.md'), pageText(`AIR: ${AIR}`, CODE))
    const [inside, outside] = [join(place.path, 'a.md'), join(other.path, 'a.md')]
    const items = [
      { file_path: inside },
      { file_path: outside },
      { file_path: outside, content: 'x' },
      { file_path: join(other.path, 'none.md') },
      { file_path: join(other.path, 'no-ext') },
    ]
    const reasons = async (roots: string[], input: object, actor: Actor) => {
      const { pages } = await catalogOf(roots).run('validate_catalog', input, actor)
      return (pages as unknown as { reason?: string }[]).map(({ reason }) => reason)
    }
    const out = 'file_path leads out of the catalog'
    const refused = [undefined, out, out, out, 'file_path must name a page, a file that ends in .md']
    expect(await reasons([place.path], { items }, OWNER)).toEqual(refused)
    expect(await reasons([place.path], { items }, TOKEN)).toEqual(refused)
    expect(await reasons([], { items, catalog_dir: place.path }, OWNER)).toEqual(refused)
    expect(await reasons([], { items: items.slice(0, 2) }, OWNER)).toEqual([undefined, undefined])
    expect(await reasons([], { items: items.slice(0, 1) }, TOKEN)).toEqual([expect.stringContaining('no catalog')])
  })

  test('no AIR is given by null', async () => {
    const items = [{ file_path: 'x.md', air: null, content: pageText(`AIR: ${AIR}`, CODE) }]
    expect(await catalogOf([]).run('validate_catalog', { items })).toMatchObject({ pages: [{ air: AIR, notes: [] }] })
  })

  test('what cannot be', async () => {
    using place = tempDir()
    using other = tempDir()
    const { run } = catalogOf([place.path])
    expect(await rejection(run('validate_catalog', {}))).toMatchObject({ code: 'invalid_input' })
    expect(await rejection(run('validate_catalog', { catalog_dir: other.path }, TOKEN))).toMatchObject({
      code: 'forbidden',
    })
    expect(await rejection(run('validate_catalog', { catalog_dir: join(place.path, 'no') }))).toMatchObject({
      code: 'not_found',
    })
    const { pages } = await catalogOf([]).run('validate_catalog', { items: [{ file_path: 'a.md' }] })
    expect(pages as unknown).toMatchObject([{ reason: 'a.md cannot be found: no catalog is known' }])
  })
})

describe('fix_catalog_page', () => {
  test('shows the change, and makes it when told to, byte for byte', async () => {
    using place = tempDir()
    const path = join(place.path, 'a.md')
    const before = Buffer.concat([
      Buffer.from('\ufeff---\r\ntitle: x\r\n---\r\n```\r\n'),
      Buffer.from(`${CODE}\r\n\`\`\`\r\né`),
    ])
    writeFileSync(path, before, { mode: 0o640 })
    const { run, asked } = catalogOf([place.path])
    const shown = await run('fix_catalog_page', { file_path: 'a.md' }, TOKEN)
    expect(shown as unknown).toEqual({
      diff: `--- a/a.md\n+++ b/a.md\n@@ -1,4 +1,5 @@\n ---\r\n+AIR: ${AIR}\r\n title: x\r\n ---\r\n \`\`\`\r\n`,
      fixes: [`the AIR ${AIR} was added`],
      applied: false,
      air: AIR,
      notes: [],
    })
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(await run('fix_catalog_page', { file_path: 'a.md', apply: true }, TOKEN)).toMatchObject({ applied: true })
    const added = Buffer.from(`AIR: ${AIR}\r\n`)
    const at = 3 + 5
    expect(readFileSync(path)).toEqual(Buffer.concat([before.subarray(0, at), added, before.subarray(at)]))
    expect(statSync(path).mode & 0o777).toBe(0o640)
    expect(asked).toEqual([2, 2])
    expect(await run('fix_catalog_page', { file_path: path, apply: true })).toEqual({
      diff: '',
      fixes: [],
      applied: false,
      air: AIR,
      notes: ['nothing to fix: it has an AIR'],
    } as never)
  })

  test.each([
    ['latin1', Buffer.from(`---\ntitle: d\u00e9j\u00e0\n---\n\`\`\`\n${CODE}\n\`\`\`\n`, 'latin1')],
    ['utf16le', Buffer.from(`\ufeff---\ntitle: é\n---\n\`\`\`\n${CODE}\n\`\`\`\n`, 'utf16le')],
  ] as const)('a page in %s stays one', async (encoding, before) => {
    using place = tempDir()
    const path = join(place.path, 'a.md')
    writeFileSync(path, before)
    expect(await catalogOf([]).run('fix_catalog_page', { file_path: path, apply: true })).toMatchObject({
      applied: true,
    })
    const text = before.toString(encoding)
    expect(readFileSync(path).toString(encoding)).toBe(text.replace('---\n', `---\nAIR: ${AIR}\n`))
  })

  test.each([
    ['Civitai does not know it', 'unknown', CODE, 'not known: Civitai does not know version 2, and the page does not'],
    ['Civitai is not there', 'unreachable', CODE, 'not known: Civitai could not be reached, and the page does not'],
    ['no model', 'unknown', 'civitdl https://civitai.com/api/download/models/2 m', 'model of version 2 is not known'],
    ['another model’s version', { ...LABEL, model_id: 9 }, CODE, 'version 2 is one of model 9'],
    ['no version', LABEL, 'civitdl 1 m', 'none of its civitdl commands names a version'],
    ['no civitdl', LABEL, 'wget -P m https://e.com/x.pt', 'it has no civitdl command'],
  ] as const)('%s: a note says why not', async (_, label, code, words) => {
    const { run } = catalogOf([], label)
    const { diff, fixes, notes, air } = await run('fix_catalog_page', { content: pageText('a: b', code) })
    expect([diff, fixes, air] as unknown).toEqual(['', [], null])
    expect((notes as unknown as string[])[0]).toContain(words)
  })

  test.each([
    ['ecosystem: sdxl\ntype: LoRA', 'Lora', 'sdxl:lora', 'its front matter, its type, lora, from its front matter'],
    ['base_model: Flux.1 D', 'Stable-diffusion', 'flux1:checkpoint', 'its type, checkpoint, from the folder of its'],
    ['basemodel: SDXL', 'loras/style', 'sdxl:lora', 'its ecosystem, sdxl, is taken from its front matter'],
    ['ecosystem: wanvideo-22-t2v-a14b\ntype: LoCon', 'x', 'wanvideo-22-t2v-a14b:lycoris', 'front matter'],
  ])('without Civitai the page tells itself: %j', async (front, folder, words, note) => {
    const content = pageText(front, CODE.replace('Lora', folder))
    const air = `urn:air:${words}:civitai:1@2`
    for (const [label, why] of [
      ['unknown', 'Civitai does not know version 2'],
      ['unreachable', 'Civitai could not be reached'],
      [{ model_id: 1 }, 'Civitai does not tell'],
    ] as const) {
      const { fixes, notes, ...said } = await catalogOf([], label).run('fix_catalog_page', { content })
      expect({ ...said, fixes } as unknown).toMatchObject({ air, fixes: [`the AIR ${air} was added`] })
      expect((notes as unknown as string[])[0]).toContain(note)
      expect((notes as unknown as string[])[0]).toEndWith(why)
    }
    const { run, asked } = catalogOf([])
    expect(await run('fix_catalog_page', { content, ask_civitai: false })).toMatchObject({
      air,
      notes: [expect.stringMatching(/Civitai was not asked$/)],
    })
    expect(asked).toEqual([])
  })

  test('a text', async () => {
    const { run } = catalogOf([])
    const { diff } = await run('fix_catalog_page', {
      content: pageText('AIR: old-slug', `# key hf_${'x1'.repeat(20)}\n${CODE}`),
    })
    expect(diff as unknown).toContain(`-AIR: old-slug\n+slug: old-slug\n+AIR: ${AIR}\n`)
    expect(diff as unknown).not.toContain('x1x1')
  })

  test('what cannot be', async () => {
    using place = tempDir()
    using other = tempDir()
    writeFileSync(join(other.path, 'a.md'), pageText('', CODE))
    writeFileSync(join(place.path, 'b.md'), Buffer.from([0, 1, 2]))
    symlinkSync(join(other.path, 'a.md'), join(place.path, 'link.md'))
    const { run } = catalogOf([place.path])
    const failure = async (input: object, actor?: Actor) => rejection(run('fix_catalog_page', input, actor))
    expect(await failure({})).toMatchObject({ code: 'invalid_input' })
    expect(await failure({ file_path: 'a.md', content: 'x' })).toMatchObject({ code: 'invalid_input' })
    expect(await failure({ content: 'x', apply: true })).toMatchObject({ code: 'invalid_input' })
    expect(await failure({ file_path: '../a.md' })).toMatchObject({ message: 'file_path leads out of the catalog' })
    expect(await failure({ file_path: 'link.md' }, TOKEN)).toMatchObject({
      message: 'file_path leads out of the catalog',
    })
    expect(await failure({ file_path: join(other.path, 'a.md') }, TOKEN)).toMatchObject({ code: 'invalid_input' })
    expect(await failure({ file_path: 'a.md', catalog_dir: other.path }, TOKEN)).toMatchObject({ code: 'forbidden' })
    expect(await failure({ file_path: 'b.md' })).toMatchObject({ message: 'The page cannot be fixed: it is no text' })
    expect(await failure({ file_path: 'b.md' }, { ...TOKEN, permissions: new Set(['catalog:read']) })).toMatchObject({
      code: 'forbidden',
    })
  })

  test('callers with a token change nothing beside the catalogs, wherever they may read', async () => {
    using place = tempDir()
    writeFileSync(join(place.path, 'a.md'), pageText('', CODE))
    const operations = createCatalogPageOperations({
      reader,
      localFiles: createLocalFiles({ roots: () => [place.path] }),
      roots: () => [],
      labelOf: async () => LABEL,
    })
    const fix = operations.find(({ name }) => name === 'fix_catalog_page')
    const call: Call = {
      signal: new AbortController().signal,
      requestId: 'r',
      surface: 'http',
      actor: TOKEN,
      progress() {},
    }
    const input = { file_path: 'a.md', catalog_dir: place.path, apply: true }
    expect(await rejection(fix?.invoke(input, call) ?? Promise.resolve())).toMatchObject({ code: 'forbidden' })
  })
})
