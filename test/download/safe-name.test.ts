import { describe, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import fc from 'fast-check'
import { fileNameOf } from '../../src/download/dispositions.ts'
import {
  civitdlName,
  folderOf,
  freeName,
  LONGEST_NAME_BYTES,
  safeFileName,
  safeFolder,
} from '../../src/download/safe-name.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'

const names: readonly [name: string, safe: string][] = [
  ['harbor_lights_high.safetensors', 'harbor_lights_high.safetensors'],
  [
    'Model v1.5 (final) [x] {y} 50% #1 & co, it’s.safetensors',
    'Model v1.5 (final) [x] {y} 50% #1 & co, it’s.safetensors',
  ],
  ['模型 модель مدل 🎨.gguf', '模型 модель مدل 🎨.gguf'],
  ['می‌خواهم 👩‍🎨.gguf', 'می‌خواهم 👩‍🎨.gguf'],
  ['nai\u0308ve.gguf', 'na\u00efve.gguf'],
  ['../../etc/passwd', 'passwd'],
  ['..\\..\\windows\\foo.gguf', 'foo.gguf'],
  ['/abs/foo.gguf', 'foo.gguf'],
  ['C:\\models\\foo.gguf', 'foo.gguf'],
  ['C:foo.gguf', 'C_foo.gguf'],
  ['style/foo.gguf/', 'foo.gguf'],
  ['foo.gguf/..', 'foo.gguf'],
  ['.hidden.gguf', 'hidden.gguf'],
  [' .. .foo.gguf . .', 'foo.gguf'],
  ['fo\0o\r\n\x1b[31m\x7f\u0085.gguf', 'foo[31m.gguf'],
  ['\u202egpj.ffug\u2066\ufeff.gguf', 'gpj.ffug.gguf'],
  ['a<b>c:d"e|f?g*h.gguf', 'a_b_c_d_e_f_g_h.gguf'],
  ['lone \ud800 surrogate.gguf', 'lone  surrogate.gguf'],
  ['con', '_con'],
  ['NUL.safetensors', '_NUL.safetensors'],
  ['com1 .gguf', '_com1 .gguf'],
  ['lpt².gguf', '_lpt².gguf'],
  ['console.gguf', 'console.gguf'],
  ['com10.gguf', 'com10.gguf'],
  // Beside the file that is called foo.gguf these are its unfinished download.
  ['foo.gguf.part', 'foo.gguf_part'],
  ['foo.gguf.part.json', 'foo.gguf_part.json'],
  ['part.gguf', 'part.gguf'],
  ['', 'model'],
  ['..', 'model'],
  ['/', 'model'],
  [' . ', 'model'],
  ['\0', 'model'],
  ['***', '___'],
]

describe('a name for a file', () => {
  test.each(names)('%j', (name, safe) => {
    expect(safeFileName(name)).toBe(safe)
    expect(safeFileName(safe)).toBe(safe)
  })

  test('a long one is cut between letters and keeps its extension', () => {
    expect(safeFileName(`${'a'.repeat(300)}.safetensors`)).toBe(`${'a'.repeat(188)}.safetensors`)
    expect(safeFileName(`${'模'.repeat(300)}.gguf`)).toBe(`${'模'.repeat(65)}.gguf`)
    expect(safeFileName(`${'🎨'.repeat(3000)}.gguf`)).toBe(`${'🎨'.repeat(48)}.gguf`)
    expect(safeFileName(`${'a'.repeat(193)}   ${'b'.repeat(20)}.gguf`)).toBe(`${'a'.repeat(193)}.gguf`)
    expect(safeFileName('x'.repeat(300))).toBe('x'.repeat(200))
  })

  test.each(['.', ' ', '/', '\\', '\0', 'con.', '\u0308', '%', '..\\'])('a million of %j is read at once', (piece) => {
    expect(Buffer.byteLength(safeFileName(piece.repeat(1_000_000)))).toBeLessThanOrEqual(LONGEST_NAME_BYTES)
  })
})

const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: 'grapheme', maxLength: 120 }),
  fc
    .array(
      fc.constantFrom(
        '..',
        '.',
        '/',
        '\\',
        ' ',
        'con',
        'NUL',
        ':',
        '\0',
        '\u202e',
        '\u0308',
        'é',
        '模',
        '.gguf',
        '.part',
        '.json',
        'a'.repeat(90),
        '~',
        '*',
        '\ud800',
        '²',
        '-2',
      ),
      { maxLength: 30 },
    )
    .map((parts) => parts.join('')),
)

/** What no part of a path that we make may be. */
function expectSafe(name: string): void {
  expect(name).not.toBe('')
  expect(name).not.toMatch(/[/\\<>:"|?*\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u)
  expect(name).not.toMatch(/^[.\s]|[.\s]$/)
  expect(name).not.toMatch(/^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.|$)/i)
  expect(name).not.toMatch(/\.part$/i)
  expect(name.normalize('NFC')).toBe(name)
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(LONGEST_NAME_BYTES)
}

describe('property', () => {
  test('a name is safe, inside of its folder, and stays when made safe again', () => {
    fc.assert(
      fc.property(anything, (name) => {
        const safe = safeFileName(name)
        expectSafe(safe)
        expect(join('/models', safe)).toBe(`/models/${safe}`)
        expect(safeFileName(safe)).toBe(safe)
      }),
      { numRuns: 2_000 },
    )
  })

  test('a folder is none, or safe, inside, and stays', () => {
    fc.assert(
      fc.property(anything, (folder) => {
        const safe = safeFolder(folder)
        if (safe === undefined) return
        const parts = safe.split('/')
        for (const part of parts) expectSafe(part)
        expect(parts.length).toBeLessThanOrEqual(8)
        expect(resolve('/models', safe)).toBe(`/models/${safe}`)
        expect(safeFolder(safe)).toBe(safe)
      }),
      { numRuns: 2_000 },
    )
  })

  test('what an answer calls its file is always a name in the folder', () => {
    const url = fc.webUrl({ withQueryParameters: true })
    fc.assert(
      fc.property(anything, url, (name, address) => {
        const headers = new Headers({
          'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name.toWellFormed())}`,
        })
        expectSafe(safeFileName(fileNameOf(headers, address) ?? ''))
      }),
    )
  })

  test('the name of civitdl tells model and version, however long the stem', () => {
    const civitdl = /-mid_(\d+)-vid_(\d+)\.(safetensors|ckpt|pt|pth|bin|gguf|sft|zip)$/i
    fc.assert(
      fc.property(anything, fc.nat(), fc.nat(), (stem, model, version) => {
        const name = civitdlName(stem, model, version, '.safetensors')
        expectSafe(name)
        expect(civitdl.exec(name)?.slice(1, 3)).toEqual([String(model), String(version)])
        expect(safeFileName(name)).toBe(name)
      }),
      { numRuns: 500 },
    )
  })
})

describe('the folder that a prompt names', () => {
  test.each([
    ['style', 'style'],
    ['style/anime', 'style/anime'],
    ['style\\anime\\', 'style/anime'],
    ['./style//anime/.', 'style/anime'],
    ['Wan 2.2/模型', 'Wan 2.2/模型'],
    ['.hidden/x', 'hidden/x'],
    ['ab:c/nul', 'ab_c/_nul'],
    ['a/b/c/d/e/f/g/h', 'a/b/c/d/e/f/g/h'],
    ['a/b/c/d/e/f/g/h/i', undefined],
    ['', undefined],
    ['.', undefined],
    ['..', undefined],
    ['style/..', undefined],
    ['style/../..', undefined],
    ['style/.../x', undefined],
    ['style/. ./x', undefined],
    ['a/\0/b', undefined],
    ['a/.\u200b./b', undefined],
    ['/models', undefined],
    ['\\\\server\\share', undefined],
    ['C:\\models', undefined],
    ['c:models', undefined],
    [' /models', undefined],
  ])('%j', (folder, safe) => {
    expect(safeFolder(folder)).toBe(safe as string)
  })

  test.each([
    ['style/foo.safetensors', 'style'],
    ['a\\b/foo', 'a\\b'],
    ['foo.safetensors', ''],
    ['/foo', ''],
    ['', ''],
  ])('of %j', (reference, folder) => {
    expect(folderOf(reference)).toBe(folder)
  })
})

describe('names of civitdl', () => {
  test.each([
    [['harbor_lights_high', 900100, 910201, '.safetensors'], 'harbor_lights_high-mid_900100-vid_910201.safetensors'],
    [['harbor_lights_high', 900100, 910201, 'safetensors'], 'harbor_lights_high-mid_900100-vid_910201.safetensors'],
    [['v1.5 pruned', 1, 2, '.ckpt'], 'v1.5 pruned-mid_1-vid_2.ckpt'],
    [['x-mid_1-vid_2', 1, 2, '.ckpt'], 'x-mid_1-vid_2.ckpt'],
    [['../x', 1, 2, '.ckpt'], 'x-mid_1-vid_2.ckpt'],
    [['', 1, 2, '.ckpt'], 'model-mid_1-vid_2.ckpt'],
    [['v1.5', 1, 2, ''], 'v1.5-mid_1-vid_2'],
  ] as const)('%j', ([stem, model, version, extension], name) => {
    expect(civitdlName(stem, model, version, extension)).toBe(name)
  })
})

describe('a free name', () => {
  test('is the name itself, or the first number that is free, whatever stands there', async () => {
    using dir = tempDir()
    expect(await freeName(dir.path, 'foo v1.5.gguf')).toBe('foo v1.5.gguf')
    writeFileSync(join(dir.path, 'foo v1.5.gguf'), '')
    expect(await freeName(dir.path, 'foo v1.5.gguf')).toBe('foo v1.5-2.gguf')
    symlinkSync('nowhere', join(dir.path, 'foo v1.5-2.gguf'))
    mkdirSync(join(dir.path, 'foo v1.5-3.gguf'))
    expect(await freeName(dir.path, 'foo v1.5.gguf', new Set(['foo v1.5-4.gguf']))).toBe('foo v1.5-5.gguf')
    mkdirSync(join(dir.path, 'plain'))
    expect(await freeName(dir.path, 'plain')).toBe('plain-2')
  })

  test('of a long one stays short', async () => {
    using dir = tempDir()
    const name = safeFileName(`${'模'.repeat(300)}.gguf`)
    writeFileSync(join(dir.path, name), '')
    const free = await freeName(dir.path, name)
    expectSafe(free)
    expect(basename(free)).toEndWith('模-2.gguf')
  })

  test('is not looked for forever', async () => {
    using dir = tempDir()
    const all = new Set(['x', ...Array.from({ length: 999 }, (_, index) => `x-${index + 2}`)])
    expect(await rejection(freeName(dir.path, 'x', all))).toMatchObject({ code: 'conflict' })
  })
})
