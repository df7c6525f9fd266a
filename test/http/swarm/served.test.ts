import { afterEach, describe, expect, test } from 'bun:test'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { and, eq } from 'drizzle-orm'
import fc from 'fast-check'
import { modelFilesTable } from '../../../src/models/table.ts'
import type { IndexRow } from '../../models/serve/index-rows.ts'
import type { Entry, Manifest } from './swarm-client.ts'
import { type SwarmHost, type SwarmHostOptions, safetensors, sha256Of, startSwarmHost } from './swarm-host.ts'

let host: SwarmHost
afterEach(() => host[Symbol.asyncDispose]())

async function start(options: SwarmHostOptions = {}): Promise<void> {
  host = await startSwarmHost(options)
}

async function manifest(subtype = 'LoRA'): Promise<readonly Entry[]> {
  const post = async (name: string, fields: object): Promise<unknown> => {
    const response = await host.t.fetch(`/API/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    })
    expect(response.status).toBe(200)
    return response.json()
  }
  const { session_id } = (await post('GetNewSession', {})) as { session_id: string }
  return ((await post('GetModelManifest', { session_id, subtype })) as Manifest).models
}

const names = async (subtype?: string): Promise<string[]> => (await manifest(subtype)).map(({ name }) => name)

async function statusOf(path: string): Promise<number> {
  const response = await host.t.fetch(path)
  await response.arrayBuffer()
  return response.status
}

describe('what is served', () => {
  test.each<[string, Partial<IndexRow>, readonly string[]]>([
    ['the owner excludes', { relative: 'loras/private/foo.safetensors' }, ['private/**']],
    ['the owner excludes under another name', { aliases: ['/elsewhere/private/foo'] }, ['private']],
    ['a licence keeps here', { license: 'all rights reserved' }, []],
    ['belongs to who paid for it', { civitai: { availability: 'EarlyAccess' } }, []],
    ['may run code', { state: 'pickle' }, []],
    ['is not all there', { state: 'truncated' }, []],
    ['is gone', { goneAt: 5 }, []],
    ['another host has', { instanceId: 'inst_there' }, []],
    ['has no digest yet', { sha256: null }, []],
    ['has no place in SwarmUI', { type: 'upscaler' }, []],
  ])('is not what %s', async (_what, over, exclude) => {
    await start({ exclude })
    const closed = await host.add('foo.safetensors', safetensors('a'), over)
    const copy = await host.add('copy.safetensors', safetensors('b'))
    for (const subtype of ['Stable-Diffusion', 'LoRA', 'VAE', 'Embedding', 'ControlNet', 'Clip', 'ClipVision']) {
      expect(await names(subtype)).toEqual(subtype === 'LoRA' ? ['copy.safetensors'] : [])
      for (const reference of [`0x${closed.tensorSha256}`, 'foo.safetensors', 'foo']) {
        expect(await statusOf(`/DownloadModel/${subtype}/${reference}/foo.safetensors`)).toBe(404)
      }
    }
    expect(await statusOf(`/DownloadModel/LoRA/0x${copy.tensorSha256}/copy.safetensors`)).toBe(200)
  })

  test('is nothing that is closed under one of its names', async () => {
    await start({ exclude: ['private/**'] })
    const bytes = safetensors('a')
    await host.add('open.safetensors', bytes)
    const copy = await host.add('foo.safetensors', bytes, { relative: 'private/foo.safetensors' })
    expect(await names()).toEqual([])
    expect(await statusOf(`/DownloadModel/LoRA/0x${copy.tensorSha256}/open.safetensors`)).toBe(404)
  })

  test('is what belongs to a subtype, of every type that SwarmUI keeps there', async () => {
    await start()
    const types = {
      'Stable-Diffusion': ['checkpoint', 'diffusion_model'],
      LoRA: ['lora'],
      VAE: ['vae'],
      Embedding: ['embedding'],
      ControlNet: ['controlnet'],
      Clip: ['text_encoder'],
      ClipVision: ['clip_vision'],
    } as const
    for (const type of Object.values(types).flat()) {
      await host.add(`${type}.safetensors`, safetensors(type), { type })
    }
    for (const [subtype, own] of Object.entries(types)) {
      expect(await names(subtype)).toEqual(own.map((type) => `${type}.safetensors`))
    }
  })

  test('a licence that says no from now on closes a download whose list was read before', async () => {
    await start()
    const { row, tensorSha256 } = await host.add('foo.safetensors', safetensors('a'))
    const path = `/DownloadModel/LoRA/0x${tensorSha256}/foo.safetensors`
    expect([await names(), await statusOf(path)]).toEqual([['foo.safetensors'], 200])
    await change(row, { license: 'no redistribution' })
    expect(await statusOf(path)).toBe(451)
    expect(await names()).toEqual([])
    expect(await statusOf(path)).toBe(404)
  })
})

async function change({ path }: IndexRow, to: Partial<IndexRow>): Promise<void> {
  await host.temp.db.write(async (tx) => {
    await tx
      .update(modelFilesTable)
      .set({ updatedAt: 1_760_000_000_000, ...to })
      .where(and(eq(modelFilesTable.instanceId, host.instance), eq(modelFilesTable.path, path)))
  })
}

describe('names', () => {
  test('of other bytes in another root get the beginning of their digest, the same bytes are listed once', async () => {
    await start()
    const [first, second, third, , again] = await host.addAll([
      ['style/foo.safetensors', safetensors('1')],
      ['style/foo.safetensors', safetensors('2')],
      ['style/foo.safetensors', safetensors('3'), { type: 'vae' }],
      ['style/foo.safetensors', safetensors('1')],
      ['style/foo.safetensors', safetensors('2')],
    ])
    const marked = `style/foo~${second?.sha256.slice(0, 8)}.safetensors`
    expect(await names()).toEqual(['style/foo.safetensors', marked])
    const entries = await manifest()
    expect(entries.map(({ file_sha256, filename }) => [file_sha256, filename])).toEqual([
      [String(first?.sha256), 'foo.safetensors'],
      [String(again?.sha256), 'foo.safetensors'],
    ])
    expect((await manifest('VAE')).map(({ file_sha256 }) => file_sha256)).toEqual([String(third?.sha256)])
  })

  test('that are already taken are not given', async () => {
    await start()
    const bytes = safetensors('2')
    const marked = `foo~${sha256Of(bytes).slice(0, 8)}.safetensors`
    await host.addAll([
      ['foo.safetensors', safetensors('1')],
      [marked, safetensors('3')],
      ['foo.safetensors', bytes],
    ])
    const longer = `foo~${sha256Of(bytes).slice(0, 16)}.safetensors`
    expect(await names()).toEqual(['foo.safetensors', marked, longer].sort())
    for (const { download_url, file_sha256 } of await manifest()) {
      const response = await host.t.fetch(download_url)
      expect(sha256Of(new Uint8Array(await response.arrayBuffer()))).toBe(file_sha256)
    }
  })

  test('of copies that cannot be read are not listed', async () => {
    await start()
    const bytes = safetensors('1')
    await host.addAll([
      ['bad.safetensors', bytes, { state: 'unreadable' }],
      ['good.safetensors', bytes],
    ])
    expect(await names()).toEqual(['good.safetensors'])
  })

  test('of files with the same tensors are what they are fetched by', async () => {
    await start()
    const [a, b] = await host.addAll([
      ['a.safetensors', safetensors('same', { x: '1' })],
      ['b.safetensors', safetensors('same', { x: '2' })],
    ])
    expect((await manifest()).map(({ sha256, download_url }) => [sha256, download_url])).toEqual([
      [`0x${a?.tensorSha256}`, '/DownloadModel/LoRA/a.safetensors/a.safetensors'],
      [`0x${b?.tensorSha256}`, '/DownloadModel/LoRA/b.safetensors/b.safetensors'],
    ])
    // Whoever asks by the digest gets the one that is called so.
    const response = await host.t.fetch(`/DownloadModel/LoRA/0x${a?.tensorSha256}/b.safetensors`)
    expect(sha256Of(new Uint8Array(await response.arrayBuffer()))).toBe(String(b?.sha256))
  })

  test('a safetensors file whose tensors nobody has read is fetched by its name', async () => {
    await start()
    await host.add('foo.safetensors', safetensors('a'), { tensorSha256: null })
    expect(await manifest()).toMatchObject([
      { sha256: null, download_url: '/DownloadModel/LoRA/foo.safetensors/foo.safetensors' },
    ])
  })
})

describe('a file that changed', () => {
  test('is found under its name as soon as the index knows', async () => {
    await start()
    const old = await host.add('foo.gguf', Buffer.from('old'))
    await names()
    const bytes = Buffer.from('new bytes')
    writeFileSync(String(old.row.path), bytes)
    expect(await statusOf('/DownloadModel/LoRA/foo.gguf/foo.gguf')).toBe(404)
    const { mtimeNs } = statSync(String(old.row.path), { bigint: true })
    const now = { sha256: sha256Of(bytes), sizeBytes: bytes.length, modifiedUs: Number(mtimeNs / 1000n) }
    await change(old.row, now)
    const response = await host.t.fetch('/DownloadModel/LoRA/foo.gguf/foo.gguf')
    expect([response.status, await response.text()]).toEqual([200, 'new bytes'])
  })

  test('is sent from a copy that is still there', async () => {
    await start()
    const bytes = safetensors('a')
    const [first] = await host.addAll([
      ['foo.safetensors', bytes],
      ['bar.safetensors', bytes],
    ])
    rmSync(String(first?.row.path))
    expect(await statusOf(`/DownloadModel/LoRA/0x${first?.tensorSha256}/foo.safetensors`)).toBe(200)
  })
})

const word = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'foo',
    'ü',
    '漢',
    '😀',
    '%2F',
    '%',
    '#',
    '?',
    '..',
    '.',
    ' ',
    '+',
    '&',
    '~',
    '\\',
    '\n',
    '"',
    ';',
  ),
  fc.constant(`0x${'ab'.repeat(32)}`),
  fc.string({ unit: 'grapheme', maxLength: 4 }).map((text) => text.replaceAll(/[/\0]/g, '_')),
)
const segment = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''))
const aName = fc
  .tuple(fc.array(segment, { maxLength: 2 }), segment, fc.constantFrom('.safetensors', '.sft', '.gguf', '.ckpt'))
  .map(([folders, stem, extension]) =>
    [...folders.filter((part) => !/^\.+$/.test(part)), `${stem}${extension}`].join('/'),
  )
const aFile = fc.record({
  name: fc.oneof(aName, fc.constantFrom('foo.safetensors', 'foo.gguf')),
  body: fc.constantFrom('one', 'two'),
  header: fc.constantFrom('x', 'y'),
  type: fc.constantFrom('lora' as const, 'checkpoint' as const, 'diffusion_model' as const),
})
const SUBTYPES = {
  lora: 'LoRA',
  checkpoint: 'Stable-Diffusion',
  diffusion_model: 'Stable-Diffusion',
} as const

test('whatever files are called, every entry is called otherwise and its URL gives exactly the file', async () => {
  await start()
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(aFile, { minLength: 1, maxLength: 8 }), async (files) => {
      run += 1
      host.instance = `inst_${run}`
      const made = await host.addAll(
        files.map(({ name, body, header, type }) => {
          const bytes = /\.(?:safetensors|sft)$/.test(name) ? safetensors(body, { header }) : Buffer.from(body)
          return [name, bytes, { type }]
        }),
      )
      const contents = new Map(made.map(({ sha256, bytes }) => [sha256, bytes]))
      for (const subtype of new Set(Object.values(SUBTYPES))) {
        const entries = await manifest(subtype)
        expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length)
        const own = files.flatMap(({ name, type }, at) =>
          SUBTYPES[type] === subtype ? [`${made[at]?.sha256} ${name.slice(name.lastIndexOf('/') + 1)}`] : [],
        )
        const listed = entries.map(({ file_sha256, filename }) => `${file_sha256} ${filename}`)
        expect(new Set(listed)).toEqual(new Set(own))
        for (const entry of entries) {
          const response = await host.t.fetch(entry.download_url)
          expect([response.status, response.headers.get('x-model-sha256')]).toEqual([200, entry.sha256])
          const bytes = Buffer.from(await response.arrayBuffer())
          expect(bytes.length).toBe(entry.size)
          expect(contents.get(entry.file_sha256)?.equals(bytes)).toBe(true)
        }
      }
    }),
    { numRuns: 40 },
  )
})
