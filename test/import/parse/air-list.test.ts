import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { TRUST } from '../../../src/import/mention.ts'
import { airList } from '../../../src/import/parse/air-list.ts'
import { ask, brief, HOSTILE } from './parser-answer.ts'

const HASH = 'ab'.repeat(32)
const INK = 'urn:air:sdxl:lora:civitai:12@34'
const VAE = 'urn:air:flux1:vae:huggingface:glass-rain/fog@main/vae/harbor.vae.safetensors'

describe('a list of references', () => {
  const rows: readonly (readonly [name: string, value: unknown, needs: string[]])[] = [
    ['one AIR', INK, ['lora - 12@34']],
    [
      'in lines',
      `# mine\n- ${INK}\r\n\n* "${VAE}",\n1. civitai:5@6\n`,
      ['lora - 12@34', 'vae harbor.vae', 'other - 5@6'],
    ],
    ['hashes and versions', `sha256:${HASH}\ncivitai:version:7`, [`other - sha256:${HASH}`, 'other - @7']],
    ['names of files beside them', `${INK}\nstyle/night-fog.safetensors`, ['lora - 12@34', 'other night-fog']],
    ['links beside them', `${INK}\nhttps://civitai.com/models/8`, ['lora - 12@34', 'other - 8@']],
    ['JSON', [INK, 'civitai:version:7'], ['lora - 12@34', 'other - @7']],
    ['JSON below a name', { airs: [INK] }, ['lora - 12@34']],
    [
      'objects',
      {
        references: [
          { air: INK, strength: 0.5 },
          { reference: 'civitai:version:7', type: 'VAE' },
        ],
      },
      ['lora - 12@34 0.5', 'vae - @7'],
    ],
    [
      'the answer of a dry run',
      {
        dependencies: [
          { type: 'checkpoint', reference: 'harborMix_v2' },
          { type: 'lora', reference: `sha256:${HASH}`, weight: 0.5 },
          { type: 'lora', reference: 'night-fog', weight: 0.5, active: false },
          { type: 'lora', reference: 'civitai:version:7', weight: 0 },
        ],
      },
      ['checkpoint harborMix_v2', `lora - sha256:${HASH} 0.5`, 'lora night-fog 0.5 (off)', 'lora - @7 0 (off)'],
    ],
    ['the same one twice', `${INK}\n${INK}`, ['lora - 12@34']],
    ['a source that is not known', 'urn:air:x:y:elsewhere:z@1\nurn:air:x:y:elsewhere:z@1', ['other -']],
  ]
  test.each(rows)('%s', (_, value, needs) => {
    const { dependencies, confidence, trust, warnings } = ask(airList, value)
    expect(dependencies.map(brief)).toEqual(needs)
    expect({ confidence, trust, warnings }).toEqual({ confidence: 0.92, trust: TRUST.native, warnings: [] })
  })

  test('names what is no AIR though it begins like one, and takes the others', () => {
    const { dependencies, warnings } = ask(airList, `${INK}\nurn:air:a:b\nurn:air:bad:thing\n# comment`)
    expect(dependencies.map(brief)).toEqual(['lora - 12@34'])
    expect(warnings).toEqual(
      ['urn:air:a:b', 'urn:air:bad:thing'].map(
        (air) => `air:list: ${air} does not follow the rules of AIRs: urn:air:ecosystem:type:source:id`,
      ),
    )
  })

  test('keeps both strengths of an answer', () => {
    const lora = { type: 'lora', reference: 'ink', weight: 0, clip_weight: 0.5 }
    const other = { type: 'lora', reference: 'fog', weight: 0.5, unet_weight: 0.3 }
    expect(ask(airList, { dependencies: [lora, other] }).dependencies).toMatchObject([
      { weight: 0, clip_weight: 0.5, active: true },
      { weight: 0.5, unet_weight: 0.3 },
    ])
  })

  test('tells what an AIR tells', () => {
    expect(ask(airList, VAE).dependencies[0]).toMatchObject({
      type: 'vae',
      type_confidence: 'high',
      air: VAE,
      reference: VAE,
      filename: 'harbor.vae.safetensors',
      urls: ['https://huggingface.co/glass-rain/fog/resolve/main/vae/harbor.vae.safetensors'],
      evidence: ['air:list'],
    })
    expect(ask(airList, 'civitai:5@6').dependencies[0]?.type_confidence).toBe('low')
  })
})

describe('how sure it is', () => {
  const rows: readonly (readonly [value: unknown, confidence: number, found: number])[] = [
    ['night-fog.safetensors', 0.5, 1],
    [['a.safetensors', 'b.ckpt'], 0.5, 2],
    [`made with ${INK}, and more`, 0.25, 1],
    [{ note: `made with ${INK}` }, 0.25, 1],
    [[INK, 5], 0.25, 1],
    [`{"note": "${INK}`, 0, 1],
    ['made with night-fog.safetensors', 0, 0],
    ['a pier at dusk', 0, 0],
    [['a pier'], 0, 0],
    [{ references: [{ reference: 'a book', type: 'book' }] }, 0, 0],
    ['urn:air:', 0, 0],
    ['https://example.org/x.safetensors', 0, 0],
  ]
  test.each(rows)('%j', (value, confidence, found) => {
    const answer = ask(airList, value)
    expect({ confidence: answer.confidence, found: answer.dependencies.length }).toEqual({ confidence, found })
    if (confidence < 0.5) expect(answer.trust).toBe(TRUST.claim)
  })
})

describe('hostile input', () => {
  test.each(HOSTILE.map((value) => [JSON.stringify(value).slice(0, 40), value] as const))('%s', (_, value) => {
    expect(ask(airList, value)).toMatchObject({ confidence: 0, dependencies: [] })
  })

  test('names that are no paths, and long lines', () => {
    expect(ask(airList, '../../x.safetensors').dependencies[0]?.written).toEqual(['../../x.safetensors'])
    expect(ask(airList, `${INK}\n${'x'.repeat(5000)}.safetensors`).confidence).toBe(0.25)
  })

  test('many lines', () => {
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, at) => `civitai:version:${at + 1}`).join('\n')
    expect(ask(airList, lines(5000)).mentions).toHaveLength(1000)
    expect(ask(airList, lines(5001)).confidence).toBe(0)
    expect(ask(airList, '\n'.repeat(3_000_000)).confidence).toBe(0)
  })

  test('any values', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom('airs', 'references'), fc.jsonValue())),
        (value) => {
          expect(ask(airList, value ?? null).trust).toBeGreaterThan(0)
        },
      ),
    )
  })
})
