import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type InfotextRecord, writeInfotext } from '../../../scripts/fixtures/infotext-writer.ts'
import { infotext } from '../../../src/import/parse/infotext.ts'
import { ask, brief } from './parser-answer.ts'

/** What people and other programs put into prompts, all that looks like the format itself included. */
const fragment = fc.oneof(
  fc.constantFrom(
    'a pier',
    '(fog:1.2)',
    '[dusk|dawn]',
    '\n',
    '\nSteps: 20',
    '\nSteps: 20, Sampler: Euler, Seed: 5\n',
    'Steps: 4, Seed: 1',
    ', Negative prompt: x',
    '"quoted, and: so"',
    '{red|blue}',
    '\\(escaped\\)',
    'Model: none of it',
    ', ',
    ': ',
    '提灯の光',
    '🏮',
    '\nTemplate: {a|b}',
    '\nHashes: {"model": "0123456789"}',
  ),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replace(/[<\r]/g, ' ')),
)

/** Prompts that the format can hold: it has no escape for its own heading, and blanks around a prompt are nobody's. */
const words = fc
  .array(fragment, { maxLength: 8 })
  .map((parts) => parts.join(' ').trim())
  .filter((text) => !/(?:^|\n)Negative prompt:/.test(text) && !/^parameters\s*(?::|\n)/i.test(text))

const hex = (length: number) =>
  fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`)).filter((hash) => !hash.startsWith('e3b0c442'))

/** Names with everything but what ends a tag; between two letters, so that none ends like a hash or an extension. */
const name = (letters: string) =>
  fc.string({ unit: fc.constantFrom(...letters), maxLength: 12 }).map((text) => `n${text}x`.replace(/ {2,}/g, ' '))
const FREE = "abZ019 ._-()[]!墨é'/\\"

const weight = fc.integer({ min: -200, max: 200 }).map((value) => value / 100)

const record: fc.Arbitrary<InfotextRecord> = fc.record(
  {
    prompt: words,
    negative: words,
    steps: fc.integer({ min: 1, max: 150 }),
    sampler: fc.constantFrom('Euler a', 'DPM++ 2M', 'DDIM'),
    scheduler: fc.constantFrom('Karras', 'SGM Uniform'),
    cfgScale: fc.integer({ min: 2, max: 60 }).map((value) => value / 2),
    seed: fc.integer({ min: 0, max: 2 ** 32 }),
    width: fc.integer({ min: 64, max: 4096 }),
    height: fc.integer({ min: 64, max: 4096 }),
    model: fc.record({ name: name(`${FREE},:`), hash: hex(10) }, { requiredKeys: ['name'] }),
    vae: fc.record({ name: name(`${FREE},:`), hash: hex(10) }, { requiredKeys: ['name'] }),
    clipSkip: fc.integer({ min: 1, max: 12 }),
    loras: fc.uniqueArray(
      fc.record({ name: name(`${FREE},`), weight, hash: hex(12) }, { requiredKeys: ['name', 'weight'] }),
      {
        maxLength: 5,
        selector: ({ name: written }) => last(written).replace(/,/g, '').toLowerCase(),
      },
    ),
    embeddings: fc.uniqueArray(fc.record({ name: fc.stringMatching(/^e[a-z_-]{1,10}z$/), hash: hex(12) }), {
      maxLength: 3,
      selector: ({ name: written }) => written,
    }),
    more: fc.constantFrom(
      [['Hires prompt', 'sharp, "so": yes\nand more']] as const,
      [
        ['Tiling', 'Tiling'],
        ['Denoising strength', '0.4'],
      ] as const,
    ),
    version: fc.constant('v1.10.1'),
  },
  { requiredKeys: ['prompt', 'steps', 'sampler', 'cfgScale', 'seed', 'width', 'height'] },
)

const last = (path: string): string => path.split(/[\\/]/).at(-1) ?? ''

function needsOf({ model, vae, loras = [], embeddings = [] }: InfotextRecord): string[] {
  const suffix = (hash: string | undefined, algorithm: string): string =>
    hash === undefined ? '' : ` ${algorithm}:${hash}`
  return [
    ...(model === undefined ? [] : [`checkpoint ${last(model.name)}${suffix(model.hash, 'auto_v2')}`]),
    ...(vae === undefined ? [] : [`vae ${last(vae.name)}${suffix(vae.hash, 'auto_v2')}`]),
    ...loras.map(
      (lora) =>
        `lora ${last(lora.name)}${suffix(lora.hash, 'auto_v3')} ${lora.weight}${lora.weight === 0 ? ' (off)' : ''}`,
    ),
    ...embeddings.map((embedding) => `embedding ${embedding.name} sha256_12:${embedding.hash}`),
  ]
}

test('what A1111 writes is read as it was meant', () => {
  fc.assert(
    fc.property(record, (made) => {
      const answer = ask(infotext, writeInfotext(made), 'parameters')
      const tags = (made.loras ?? []).map((lora) => `<lora:${lora.name}:${lora.weight}>`)
      const prompt = [made.prompt, ...tags].join(' ').trim()
      expect(answer.generation).toEqual({
        ...(prompt === '' ? {} : { prompt }),
        ...(made.negative === undefined || made.negative === '' ? {} : { negative_prompt: made.negative }),
        steps: made.steps,
        sampler: made.sampler,
        ...(made.scheduler === undefined ? {} : { scheduler: made.scheduler }),
        cfg_scale: made.cfgScale,
        seed: made.seed,
        width: made.width,
        height: made.height,
        ...(made.clipSkip === undefined ? {} : { clip_skip: made.clipSkip }),
        ...(made.version === undefined ? {} : { software: 'A1111', version: made.version }),
      })
      expect(answer.dependencies.map(brief)).toEqual(needsOf(made))
      expect(answer.warnings).toEqual([])
      expect(answer.confidence).toBe(0.95)
    }),
    { numRuns: 2000 },
  )
})
