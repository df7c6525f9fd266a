import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Air, formatAir, parseAir } from '../../src/air/air.ts'

describe('parseAir', () => {
  const full = { ecosystem: 'sdxl', type: 'lora', source: 'civitai', id: '12', version: '34' }
  const hub = { ecosystem: 'qwen', type: 'checkpoint', source: 'huggingface', id: 'glass-rain/night.fog-2' }
  const rows: readonly (readonly [text: string, air: Air])[] = [
    ['urn:air:sdxl:lora:civitai:12@34', full],
    ['  URN:AIR:SDXL:LoRA:Civitai:12@34\n', full],
    ['air:sdxl:lora:civitai:12@34', full],
    ['sdxl:lora:civitai:12@34', full],
    ['civitai:12@34', { source: 'civitai', id: '12', version: '34' }],
    ['urn:air:civitai:12@34', { source: 'civitai', id: '12', version: '34' }],
    ['urn:air:civitai:12:model', { source: 'civitai', id: '12', layer: 'model' }],
    ['urn:air:sdxl:elsewhere:12@34', { ecosystem: 'sdxl', source: 'elsewhere', id: '12', version: '34' }],
    ['sdxl:civitai:12@34', { ecosystem: 'sdxl', source: 'civitai', id: '12', version: '34' }],
    ['civitai:12', { source: 'civitai', id: '12' }],
    ['urn:air:sdxl:lora:civitai:12.safetensors', { ...full, version: undefined, format: 'safetensors' } as never],
    ['urn:air:sdxl:lora:civitai:12@34.safetensors', { ...full, format: 'safetensors' }],
    ['urn:air:sdxl:lora:civitai:12@34+56', { ...full, fileId: '56' }],
    ['urn:air:sdxl:lora:civitai:12@34+56.safetensors', { ...full, fileId: '56', format: 'safetensors' }],
    ['urn:air:sdxl:lora:civitai:12@34+56:model.ckpt', { ...full, fileId: '56', layer: 'model', format: 'ckpt' }],
    ['urn:air:sdxl:lora:civitai:12@34:model', { ...full, layer: 'model' }],
    ['urn:air:sdxl:lora:civitai:12@34:.ckpt', { ...full, format: 'ckpt' }],
    ['urn:air:sdxl:lora:civitai:12:model', { ...full, version: undefined, layer: 'model' } as never],
    [
      'urn:air:made-up_7/b:no.such_type:elsewhere:thing.v1@2.0',
      { ecosystem: 'made-up_7/b', type: 'no.such_type', source: 'elsewhere', id: 'thing.v1', version: '2.0' },
    ],
    ['urn:air:qwen:checkpoint:huggingface:glass-rain/night.fog-2', hub],
    ['urn:air:qwen:checkpoint:huggingface:glass-rain/night.fog-2@main.tar', { ...hub, version: 'main', format: 'tar' }],
    [
      'urn:air:qwen:checkpoint:huggingface:glass-rain/night.fog-2@main/vae/x.safetensors',
      { ...hub, version: 'main', path: 'vae/x.safetensors' },
    ],
    [
      'huggingface:glass-rain/fog@refs%2Fpr%2F1/a%20b+1.safetensors',
      { source: 'huggingface', id: 'glass-rain/fog', version: 'refs/pr/1', path: 'a b+1.safetensors' },
    ],
    ['huggingface:a/b@refs/pr/1/x/y.pt', { source: 'huggingface', id: 'a/b', version: 'refs/pr/1', path: 'x/y.pt' }],
    ['huggingface:a/b@refs%2fpr%2f1/y.pt', { source: 'huggingface', id: 'a/b', version: 'refs/pr/1', path: 'y.pt' }],
    ['huggingface:a/b@refs/pr%2F1/y.pt', { source: 'huggingface', id: 'a/b', version: 'refs/pr/1', path: 'y.pt' }],
    [
      'huggingface:a/b@refs/heads/dev/y.pt',
      { source: 'huggingface', id: 'a/b', version: 'refs/heads/dev', path: 'y.pt' },
    ],
    [
      'huggingface:a/b@refs/convert/parquet/y.pt',
      { source: 'huggingface', id: 'a/b', version: 'refs/convert/parquet', path: 'y.pt' },
    ],
    ['huggingface:a/b@refs/pr/1', { source: 'huggingface', id: 'a/b', version: 'refs/pr/1' }],
    ['huggingface:a/b@refs/pr/1.tar', { source: 'huggingface', id: 'a/b', version: 'refs/pr/1', format: 'tar' }],
    ['huggingface:a/b@refs/other/y.pt', { source: 'huggingface', id: 'a/b', version: 'refs', path: 'other/y.pt' }],
    ['huggingface:glass-rain/fog@v1.0', { source: 'huggingface', id: 'glass-rain/fog', version: 'v1.0' }],
  ]
  test.each(rows)('%s', (text, air) => {
    expect(parseAir(text)).toEqual(air)
  })

  const none = [
    '',
    'urn:air:',
    'urn:air:sdxl',
    'urn:air:a:b',
    'urn:air:sdxl:elsewhere:12',
    'urn:air:sdxl:lora:civitai:',
    'urn:air:sdxl:lora::12',
    'urn:air:sdxl:lora:civitai:12@34@56',
    'urn:air:sdxl:lora:civitai:1 2@34',
    'urn:air:sdxl:lora:civitai:12:a@34',
    'urn:air:sdxl:lora:civitai:12:a:b',
    'urn:air:sdxl:lora:huggingface:a/b@main/',
    'urn:air:sdxl:lora:huggingface:a/b@refs/pr/1/',
    'urn:air:sdxl:lora:huggingface:a/b@main/x\u0000y',
    'urn:uuid:sdxl:lora',
    'civitai:version:12',
    'civitai:12 @ 34',
    'huggingface:word',
    'sha256:abcdef',
    'C:/models/x.safetensors',
    'style:foo',
    'https://civitai.com/models/12',
  ]
  test.each(none)('nothing in %j', (text) => {
    expect(parseAir(text)).toBeUndefined()
  })

  test('nothing in what is too long', () => {
    expect(parseAir(`urn:air:sdxl:lora:civitai:${'1'.repeat(970)}`)?.id).toHaveLength(970)
    expect(parseAir(`urn:air:sdxl:lora:civitai:${'1'.repeat(1000)}`)).toBeUndefined()
  })
})

describe('formatAir', () => {
  test.each([
    ['civitai:12@34'],
    ['urn:air:sdxl:lora:civitai:12@34+56.safetensors'],
    ['urn:air:sdxl:lora:civitai:12:model.ckpt'],
    ['urn:air::lora:civitai:12'],
    ['urn:air:::elsewhere:thing'],
    ['huggingface:a/b@refs%2Fpr%2F1/c/d%20e.safetensors'],
    ['huggingface:a/b@%72efs/pr/1/e.pt'],
    ['huggingface:a/b@release%2Ecandidate'],
    ['huggingface:a/b@release.candidate+5'],
    ['huggingface:a/b@release.candidate.tar'],
  ])('%s', (text) => {
    expect(formatAir(parseAir(text) ?? { source: '', id: '' })).toBe(text)
  })

  test('a path without a revision is of main', () => {
    expect(formatAir({ source: 'huggingface', id: 'a/b', path: "x'(1).pt" })).toBe(
      'huggingface:a/b@main/x%27%281%29.pt',
    )
  })

  const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,12}$/)
  // A number with an ending is an id with a format: `0.a` cannot be told from it.
  const name = fc.stringMatching(/^[A-Za-z0-9][\w.-]{0,20}$/).filter((text) => !/^\d+\.[\w-]+$/.test(text))
  const plain = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => !/\p{Cc}/u.test(text))
  const number = fc.integer({ min: 1, max: 2 ** 48 }).map(String)
  const optional = <T>(key: string, value: fc.Arbitrary<T>) => fc.option(value).map((some) => some && { [key]: some })
  const airs = fc
    .tuple(
      fc.oneof(
        fc.record({ source: fc.constant('civitai'), id: number, version: number }),
        fc.record({ source: fc.constant('civitai'), id: number }),
        fc.record({ source: word, id: name, version: number }),
        fc.record({ source: word, id: name }),
        fc.record({ source: fc.constant('huggingface'), id: fc.tuple(name, name).map((two) => two.join('/')) }),
      ),
      optional('ecosystem', word),
      optional('type', word),
      optional('fileId', number),
      optional('layer', word),
      optional('format', word),
    )
    .map(([air, ...parts]) => Object.assign({}, air, ...parts) as Air)
  const files = fc
    .record({
      source: fc.constant('huggingface'),
      id: fc.tuple(name, name).map((two) => two.join('/')),
      version: fc.oneof(plain, fc.constantFrom('refs', 'refs/pr/1', 'refs/pr')),
    })
    .chain((air) =>
      fc
        .option(fc.oneof(plain, fc.constantFrom('pr/1', 'pr/1/x', 'heads/a')))
        .map((path): Air => (path === null ? air : { ...air, path })),
    )

  test('gives what parseAir reads', () => {
    fc.assert(
      fc.property(fc.oneof(airs, files), (air) => {
        expect(parseAir(formatAir(air))).toEqual(air)
      }),
      { numRuns: 2000 },
    )
  })

  test('of whatever was read gives the same again', () => {
    const pieces = fc.constantFrom(
      'urn:air:',
      'civitai',
      'huggingface',
      'a/b',
      ':',
      '@',
      '+',
      '.',
      '/',
      '1',
      'x',
      '%2E',
      '%2F',
      'refs/pr',
    )
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 14 }).map((some) => some.join('')),
        (text) => {
          const air = parseAir(text)
          if (air !== undefined) expect({ text, air: parseAir(formatAir(air)) }).toEqual({ text, air })
        },
      ),
      { numRuns: 50_000 },
    )
  })
})
