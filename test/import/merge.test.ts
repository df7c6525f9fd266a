import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { dependencySchema, type HashAlgorithm, type HashEvidence } from '../../src/import/dependency.ts'
import { TRUST, type TrustedMention } from '../../src/import/mention.ts'
import { mergeMentions } from '../../src/import/merge.ts'

const hash = (algorithm: HashAlgorithm, value: string, source = 'a:hashes'): HashEvidence => ({
  algorithm,
  value,
  source,
})
const lora = (more: Partial<TrustedMention>): TrustedMention => ({ type: 'lora', evidence: ['a:prompt'], ...more })
const merge = (...mentions: TrustedMention[]) => mergeMentions(mentions).dependencies
const FULL = 'ab'.repeat(32)

test('mentions of one name are one dependency with the evidence of all', () => {
  const [only, ...others] = merge(
    lora({ name: 'foo', weight: 0.8, active: true }),
    lora({ name: 'style\\foo.safetensors', hashes: [hash('auto_v3', '0123456789ab')], evidence: ['b:hashes'] }),
    lora({ name: 'FOO', hashes: [hash('auto_v3', '0123456789ab')], civitai: { version_id: 7 }, evidence: ['c:list'] }),
  )
  expect(others).toEqual([])
  expect(only).toEqual({
    type: 'lora',
    type_confidence: 'high',
    reference: 'civitai:version:7',
    filename: 'foo.safetensors',
    name: 'foo',
    written: ['foo', 'style\\foo.safetensors', 'FOO'],
    hashes: [hash('auto_v3', '0123456789ab')],
    civitai: { version_id: 7 },
    urls: [],
    weight: 0.8,
    active: true,
    optional: false,
    evidence: ['a:prompt', 'b:hashes', 'c:list'],
    status: 'pending',
    candidates: [],
    reason_code: null,
    reason: null,
    bytes_done: 0,
    bytes_total: 0,
  })
  expect(v.parse(dependencySchema, only)).toEqual(only as never)
})

describe('what makes two mentions one model', () => {
  const rows: readonly (readonly [
    why: string,
    a: Partial<TrustedMention>,
    b: Partial<TrustedMention>,
    count: number,
  ])[] = [
    ['the same name', { name: 'foo' }, { name: 'foo' }, 1],
    ['another name', { name: 'foo' }, { name: 'bar' }, 2],
    ['another folder', { name: 'a/foo' }, { name: 'b/foo' }, 2],
    ['another type', { name: 'foo' }, { name: 'foo', type: 'embedding' }, 2],
    ['an unknown type', { name: 'foo' }, { name: 'foo', type: 'other' }, 1],
    ['the same version', { name: 'foo', civitai: { version_id: 1 } }, { civitai: { version_id: 1 } }, 1],
    ['the same AIR', { name: 'foo', air: 'urn:air:x:lora:hf:a/b@m' }, { air: 'URN:air:x:lora:hf:a/b@m' }, 1],
    ['another AIR', { name: 'foo', air: 'urn:air:x:lora:hf:a/b@m' }, { air: 'urn:air:x:lora:hf:a/b@n' }, 2],
    ['another version', { civitai: { version_id: 2 } }, { civitai: { version_id: 1 } }, 2],
    [
      'the same hash',
      { name: 'foo', hashes: [hash('auto_v2', '0123456789')] },
      { hashes: [hash('auto_v2', '0123456789')] },
      1,
    ],
    [
      'the same hash under two names of two sources',
      { name: 'foo', hashes: [hash('auto_v2', '0123456789')] },
      { name: 'bar', hashes: [hash('auto_v2', '0123456789')], evidence: ['b:x'] },
      1,
    ],
    [
      'the same hash under two names of one source',
      { name: 'foo', hashes: [hash('auto_v2', '0123456789')] },
      { name: 'bar', hashes: [hash('auto_v2', '0123456789')], evidence: ['a:x'] },
      2,
    ],
    [
      'digits of two kinds',
      { name: 'a', hashes: [hash('auto_v1', '01234567')] },
      { hashes: [hash('crc32', '01234567')] },
      2,
    ],
    [
      'a hash and its short form',
      { name: 'a', hashes: [hash('sha256', FULL)] },
      { hashes: [hash('auto_v2', FULL.slice(0, 10))] },
      1,
    ],
    ['a title like the name', { name: 'ink_wash-v2' }, { title: 'Ink Wash V2', civitai: { version_id: 3 } }, 1],
    ['a title unlike the name', { name: 'ink_wash' }, { title: 'Ink Wash V2', civitai: { version_id: 3 } }, 2],
    [
      'one title, two versions',
      { title: 'Ink', civitai: { version_id: 1 } },
      { title: 'Ink', civitai: { version_id: 2 } },
      2,
    ],
  ]
  test.each(rows)('%s', (_, a, b, count) => {
    expect(merge(lora(a), lora(b))).toHaveLength(count)
  })

  test('a checkpoint that a graph loads as a diffusion model is one', () => {
    const [only, ...others] = merge(
      { type: 'checkpoint', name: 'flux', evidence: ['a:x'] },
      { type: 'diffusion_model', name: 'flux.safetensors', evidence: ['b:x'] },
    )
    expect(others).toEqual([])
    expect(only?.type).toBe('diffusion_model')
  })
})

describe('reference', () => {
  const rows: readonly (readonly [mention: Partial<TrustedMention>, reference: string])[] = [
    [{ name: 'foo', hashes: [hash('sha256', FULL)], civitai: { version_id: 1 } }, `sha256:${FULL}`],
    [{ name: 'foo', air: 'urn:air:sdxl:lora:civitai:1@2', civitai: { version_id: 2 } }, 'civitai:version:2'],
    [{ name: 'foo', air: 'urn:air:sdxl:lora:huggingface:a/b' }, 'urn:air:sdxl:lora:huggingface:a/b'],
    [{ name: 'style\\foo.safetensors' }, 'style\\foo.safetensors'],
    [{ title: 'Foo' }, 'Foo'],
    [{ hashes: [hash('auto_v2', '0123456789')] }, 'auto_v2:0123456789'],
    [{ urls: ['https://example.com/x'] }, 'https://example.com/x'],
  ]
  test.each(rows)('%j', (mention, reference) => {
    expect(merge(lora(mention))[0]?.reference).toBe(reference)
  })
})

describe('active', () => {
  const status = (...mentions: Partial<TrustedMention>[]): unknown => {
    const [only] = merge(...mentions.map((mention) => lora({ name: 'foo', ...mention })))
    return [only?.active, only?.status, only?.weight]
  }

  test('weight 0 is inactive, though a list of hashes names it too', () => {
    expect(status({ weight: 0, active: false }, { hashes: [hash('auto_v3', '0123456789ab')] })).toEqual([
      false,
      'skipped',
      0,
    ])
  })
  test('one active use is enough, and its weight counts', () => {
    expect(status({ weight: 0, active: false }, { weight: 0.5, active: true })).toEqual([true, 'pending', 0.5])
  })
  test('where nothing is said it is active', () => {
    expect(status({})).toEqual([true, 'pending', undefined])
  })
  test('what needs no file is skipped with the reason', () => {
    const [only] = merge({ type: 'upscaler', name: 'Latent', skip: 'It is built in', evidence: ['a:x'] })
    expect(only).toMatchObject({ status: 'skipped', reason: 'It is built in', active: true })
  })
})

describe('a resource of Civitai without a name', () => {
  const resource = (version: number, weight: number, place: string): TrustedMention =>
    lora({ civitai: { version_id: version }, weight, active: true, evidence: [place] })
  const named = (name: string, weight: number, place = 'infotext:prompt'): TrustedMention =>
    lora({ name, weight, active: true, evidence: [place] })
  const count = (...mentions: TrustedMention[]): number => mergeMentions(mentions).dependencies.length

  test.each(['infotext:Civitai resources', 'infotext:Civitai metadata', 'civitai:meta.civitaiResources'])(
    'of %s is the LoRA of the prompt with its weight',
    (place) => {
      expect(count(named('ink', 0.8), named('rain', 0.4), resource(6, 0.8, place), resource(7, 0.4, place))).toBe(2)
    },
  )

  test.each([
    'comfyui:prompt node 2 lora_name',
    'swarmui:loras',
    'civitai:meta.additionalResources',
    'civitai:meta.resources',
    'lora_manager:loras',
  ])('of %s is a LoRA of its own: there the others stand too', (place) => {
    expect(count(resource(6, 1, place), named('other', 1, place))).toBe(2)
  })

  test('is a LoRA of its own where the same list names others', () => {
    const place = 'civitai:meta.civitaiResources'
    expect(count(named('ink', 0.8), resource(6, 0.4, place), named('rain', 0.4, place))).toBe(3)
  })
})

describe('a LoRA that is used with several weights', () => {
  const use = (node: number, weight: number, more: Partial<TrustedMention> = {}): TrustedMention => {
    const evidence = [`comfyui:prompt node ${node} lora_name`, 'comfyui:prompt node 9 value'] as const
    return lora({ name: 'ink.pt', weight, active: weight !== 0, trust: TRUST.executed, evidence, ...more })
  }
  const told = (...mentions: TrustedMention[]) => {
    const { dependencies, warnings } = mergeMentions(mentions)
    return { shown: dependencies.map(({ weight, evidence }) => [weight, ...evidence]), warnings }
  }
  const quiet = (...mentions: TrustedMention[]): void => {
    const { shown, warnings } = told(...mentions)
    expect(warnings).toEqual([])
    expect(shown.flat().join()).not.toContain('(weight')
  }

  test('in a chain: the first is shown, the evidence and a warning say all', () => {
    expect(told(use(1, 0.8), use(2, 0.5), use(3, 0.8), use(4, -0.1))).toEqual({
      shown: [
        [
          0.8,
          'comfyui:prompt node 1 lora_name (weight 0.8)',
          'comfyui:prompt node 9 value',
          'comfyui:prompt node 2 lora_name (weight 0.5)',
          'comfyui:prompt node 3 lora_name (weight 0.8)',
          'comfyui:prompt node 4 lora_name (weight -0.1)',
        ],
      ],
      warnings: [
        {
          place: 'comfyui:prompt node 2 lora_name',
          reason: 'it is used with several weights, 0.8, 0.5 and -0.1: the first one counts as its weight',
        },
      ],
    })
  })
  test('in one list or prompt', () => {
    const tag = (weight: number): TrustedMention => lora({ name: 'ink', weight, active: true })
    expect(told(tag(1), tag(0.4))).toEqual({
      shown: [[1, 'a:prompt (weight 1)', 'a:prompt (weight 0.4)']],
      warnings: [
        { place: 'a:prompt', reason: 'it is used with several weights, 1 and 0.4: the first one counts as its weight' },
      ],
    })
    const { warnings } = told(...Array.from({ length: 50 }, (_, at) => tag(at + 1)))
    expect(warnings.map(({ reason }) => reason)).toEqual([
      'it is used with several weights, 1, 2, 3, 4 and others: the first one counts as its weight',
    ])
  })
  test('is none where the weights are the same, or one is switched off', () => {
    quiet(use(1, 0.8), use(2, 0.8))
    quiet(use(1, 0.8), use(2, 0))
    quiet(use(1, 0.8), use(2, 0.5, { active: false }))
    quiet(use(1, 0), use(2, 0))
    quiet(use(1, 0.8), lora({ name: 'ink', active: true }))
  })
  test('is none where sources, or places of one, only tell it otherwise', () => {
    quiet(use(1, 0.8), lora({ name: 'ink', weight: 1, active: true, evidence: ['infotext:prompt'] }))
    quiet(use(1, 0.8), use(1, 0.5, { trust: TRUST.editor, evidence: ['comfyui:workflow node 1 lora_name'] }))
    quiet(
      lora({ name: 'ink', weight: 1, active: true }),
      lora({ name: 'ink', weight: 0.9, active: true, evidence: ['a:hashes'] }),
    )
  })
})

describe('a LoRA with a strength of its own for the text encoder', () => {
  const use = (more: Partial<TrustedMention>): TrustedMention => lora({ name: 'ink', active: true, ...more })
  test('has both, those of one place', () => {
    expect(merge(use({ weight: 0.8, clipWeight: 0.5 }))).toMatchObject([{ weight: 0.8, clip_weight: 0.5 }])
    expect(merge(use({ weight: 0.5, unetWeight: 0.3 }))).toMatchObject([{ weight: 0.5, unet_weight: 0.3 }])
    const [only] = merge(use({ weight: 0.8 }), use({ weight: 0.8, clipWeight: 0.5, evidence: ['b:x'] }))
    expect(only).not.toHaveProperty('clip_weight')
  })
  test('says both where it has others elsewhere', () => {
    const { dependencies, warnings } = mergeMentions([
      use({ weight: 1, clipWeight: 0.5 }),
      use({ weight: 1, unetWeight: 0.7 }),
    ])
    expect(dependencies[0]?.evidence).toEqual([
      'a:prompt (weight 1, on the text encoder 0.5)',
      'a:prompt (weight 1, on the main model 0.7)',
    ])
    expect(warnings).toHaveLength(1)
  })
})

describe('several sources', () => {
  const graph: TrustedMention = { type: 'checkpoint', name: 'used', trust: TRUST.executed, evidence: ['comfyui:x'] }

  test("a saver's claim of another main model is not active", () => {
    const claim: TrustedMention = {
      type: 'checkpoint',
      name: 'claimed',
      trust: TRUST.claim,
      evidence: ['infotext:Model'],
    }
    expect(merge(graph, claim).map(({ name, active, status }) => [name, active, status])).toEqual([
      ['used', true, 'pending'],
      ['claimed', false, 'skipped'],
    ])
    expect(merge(claim)[0]?.active).toBe(true)
  })
  describe("a saver's claim that spells it otherwise", () => {
    const known = hash('auto_v2', '1a2b3c4d5e', 'infotext:Model hash')
    const claimOf = (name: string): TrustedMention => ({
      ...graph,
      name,
      hashes: [known],
      trust: TRUST.claim,
      evidence: ['infotext:Model'],
    })

    test.each([
      ['Harbor Mix v2', 'main/harborMix_v2.safetensors'],
      ['harbor-mix.v2.ckpt', 'harborMix_v2.safetensors'],
      ['foo mix v1', 'Sub\\Foo_Mix-v1.safetensors'],
      ['Foo. Mix v1.0', 'foo-mix_v1.0.safetensors'],
    ])('%j is %j, and its hash counts', (claimed, name) => {
      const { dependencies, warnings } = mergeMentions([{ ...graph, name }, claimOf(claimed)])
      expect(dependencies).toMatchObject([
        {
          reference: name,
          // Nothing is looked for under the saver's spelling.
          written: [name],
          hashes: [known],
          active: true,
          status: 'pending',
          evidence: ['comfyui:x', 'infotext:Model'],
        },
      ])
      expect(warnings.map(({ place }) => place)).toEqual(['infotext:Model'])
    })
    test.each([
      ['Harbor Mix v20', 'harborMix_v2.safetensors'],
      ['harborMix_v2+', 'harborMix_v2.safetensors'],
      ['. _-', '-'],
      ['ink v1.0', 'ink_v10.safetensors'],
      ['ink v10', 'ink_v1.0.safetensors'],
    ])('%j is not %j', (claimed, name) => {
      const [used, other, ...more] = merge({ ...graph, name }, claimOf(claimed))
      expect(used).toMatchObject({ written: [name], hashes: [], active: true })
      expect(other).toMatchObject({ written: [claimed], hashes: [known], active: false, status: 'skipped' })
      expect(other?.reason).toContain('loads another one')
      expect(more).toEqual([])
    })
    test('is of a LoRA too, and of nothing where two are spelled so', () => {
      const used = lora({
        name: 'ink_wash.pt',
        weight: 0.8,
        active: true,
        trust: TRUST.executed,
        evidence: ['comfyui:y'],
      })
      const claim = lora({ name: 'Ink Wash', weight: 0.3, active: true, hashes: [known], trust: TRUST.claim })
      expect(merge(used, claim)).toMatchObject([{ weight: 0.8, hashes: [known] }])
      expect(merge(used, { ...used, name: 'ink-wash.pt' }, claim).map(({ hashes }) => hashes.length)).toEqual([0, 0, 1])
      expect(merge({ ...used, type: 'embedding' }, claim)).toHaveLength(2)
    })
    test('does not hide that hashes contradict each other', () => {
      const other = hash('sha256', FULL, 'comfyui:models')
      const { warnings } = mergeMentions([{ ...graph, name: 'ink_wash', hashes: [other] }, claimOf('Ink Wash')])
      expect(warnings.map(({ reason }) => reason)).toContain('its hash contradicts the one of comfyui:models')
    })
  })

  describe("a saver's claim of what the graph does not name", () => {
    const claims: readonly TrustedMention[] = [
      lora({ name: 'x', weight: 1, active: true, trust: TRUST.claim, evidence: ['infotext:prompt', 'b:y'] }),
      { type: 'vae', name: 'v', trust: TRUST.claim, evidence: ['infotext:VAE'] },
      { type: 'embedding', name: 'e', trust: TRUST.claim, evidence: ['infotext:TI hashes'] },
    ]
    const DOUBT = '(only claimed: not all of the executed graph is known)'

    test('is not active where all of the graph is known', () => {
      for (const claim of claims) {
        const [used, other] = mergeMentions([graph, claim], 'whole').dependencies
        expect(used?.active).toBe(true)
        expect(other).toMatchObject({ active: false, status: 'skipped', evidence: [...claim.evidence] })
        expect(other?.reason).toContain('does not load it')
      }
    })
    test('stands where the graph may load it unseen, and says what it is', () => {
      for (const claim of claims) {
        const [, other] = mergeMentions([graph, claim], 'partly').dependencies
        expect(other).toMatchObject({ active: true, status: 'pending', reason: null })
        expect(other?.evidence).toEqual(claim.evidence.map((place) => `${place} ${DOUBT}`))
      }
      expect(
        merge(...claims)
          .flatMap(({ evidence }) => evidence)
          .join(),
      ).not.toContain(DOUBT)
    })
    test('is none where another source has it too', () => {
      const native = { ...claims[0], trust: TRUST.native, evidence: ['swarmui:loras'] } as const
      expect(mergeMentions([graph, { ...lora({}), ...native }, ...claims], 'whole').dependencies[1]).toMatchObject({
        name: 'x',
        active: true,
        evidence: ['swarmui:loras', 'infotext:prompt', 'b:y'],
      })
    })
    test('by the title of a page may be one of those that it loads', () => {
      const page = { ...graph, title: 'Harbor Mix', civitai: { version_id: 7 }, trust: TRUST.claim } as const
      const { name: _, ...titled } = page
      expect(mergeMentions([graph, titled], 'whole').dependencies[1]).toMatchObject({
        active: false,
        name: 'Harbor Mix',
      })
      expect(merge(graph, titled)[1]?.reason).toContain('without a file name')
    })
  })
  test('what only the editor has was not executed', () => {
    const editor = lora({ name: 'left over', trust: TRUST.editor })
    const unused = merge(graph, editor)[1]
    expect(unused?.active).toBe(false)
    expect(unused?.reason).toStartWith('The graph that was executed does not use it')
    expect(merge(editor)[0]?.active).toBe(true)
  })
  test('the most trusted source says whether it is on', () => {
    const executed = lora({ name: 'x', weight: 0, active: false, trust: TRUST.executed })
    const editor = lora({ name: 'x', weight: 1, active: true, trust: TRUST.editor, evidence: ['b:x'] })
    expect(merge(executed, editor)).toMatchObject([{ active: false, status: 'skipped', weight: 0 }])
    const unreached = { ...executed, skip: 'Nothing leads to it' }
    expect(merge(unreached, editor)).toMatchObject([{ active: false, reason: 'Nothing leads to it' }])
    const silent = lora({ name: 'x', trust: TRUST.executed })
    expect(merge(silent, { ...editor, active: false })).toMatchObject([{ active: false }])
  })
  test('hashes that contradict each other are told', () => {
    const { dependencies, warnings } = mergeMentions([
      lora({ name: 'foo', hashes: [hash('auto_v2', '0123456789', 'a:one')] }),
      lora({ name: 'foo', hashes: [hash('auto_v2', 'ffffffffff', 'b:two')] }),
    ])
    expect(dependencies).toHaveLength(1)
    expect(warnings).toEqual([{ place: 'b:two', reason: 'its hash contradicts the one of a:one' }])
  })
})

describe('a guessed type', () => {
  const guess: TrustedMention = { type: 'checkpoint', name: 'foo', guessed: true, evidence: ['comfyui:x'] }

  test('gives way to a known one, whichever comes first', () => {
    const known = lora({ name: 'style/foo.safetensors' })
    for (const mentions of [
      [guess, known],
      [known, guess],
    ]) {
      expect(merge(...mentions).map(({ type, type_confidence }) => [type, type_confidence])).toEqual([['lora', 'high']])
    }
  })
  test('is told where nothing says more', () => {
    expect(merge(guess)[0]).toHaveProperty('type_confidence', 'low')
  })
})

describe('why no file is needed', () => {
  const builtIn: TrustedMention = { type: 'vae', name: 'taesd', skip: 'It is built in', evidence: ['comfyui:x'] }

  test('counts where no other source says that it is in use', () => {
    const other: TrustedMention = { type: 'vae', name: 'taesd', evidence: ['infotext:VAE'] }
    expect(merge(builtIn, other)).toMatchObject([{ status: 'skipped', reason: 'It is built in' }])
  })
  test('does not hide a model that is in use elsewhere', () => {
    const unreachable = lora({ name: 'a', active: false, skip: 'Nothing leads to it' })
    const used = lora({ name: 'a', active: true, weight: 1, evidence: ['comfyui:y'] })
    expect(merge(unreachable, used)).toMatchObject([{ status: 'pending', active: true, reason: null }])
  })
})

describe('resources that name no file', () => {
  const tag = (name: string, weight: number): TrustedMention => lora({ name, weight, active: true })
  const resource = (version_id: number, weight: number): TrustedMention =>
    lora({ civitai: { version_id }, weight, active: true, evidence: ['infotext:Civitai resources'] })
  const versions = (...mentions: TrustedMention[]) =>
    merge(...mentions).map(({ name, civitai }) => [name, civitai?.version_id])

  test('are the LoRAs of the prompt where number, order and weights agree', () => {
    const mentions = [tag('a', 0.8), tag('b', 0.5), resource(1, 0.8), resource(2, 0.5)]
    expect(versions(...mentions)).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    expect(mergeMentions(mentions).warnings.map(({ place }) => place)).toEqual([
      'infotext:Civitai resources',
      'infotext:Civitai resources',
    ])
  })
  test.each([
    ['one is missing', [tag('a', 0.8), tag('b', 0.5), resource(1, 0.8)]],
    ['the order differs', [tag('a', 0.8), tag('b', 0.5), resource(2, 0.5), resource(1, 0.8)]],
    ['two weights are alike', [tag('a', 1), tag('b', 1), resource(1, 1), resource(2, 1)]],
    ['the weights differ', [tag('a', 0.8), resource(1, 0.7)]],
  ])('stay apart where %s', (_, mentions) => {
    expect(merge(...mentions)).toHaveLength(mentions.length)
  })
})

describe('one stem in several folders', () => {
  const inGraph = (name: string, weight: number): TrustedMention =>
    lora({ name, weight, active: true, trust: TRUST.executed, evidence: [`comfyui:prompt node ${name}`] })
  const written = (...mentions: TrustedMention[]) => merge(...mentions).map((each) => each.written)

  test('two files that one graph loads stay two, though one name is the end of the other', () => {
    expect(written(inGraph('style/foo.safetensors', 0.5), inGraph('foo.safetensors', 0.7))).toEqual([
      ['style/foo.safetensors'],
      ['foo.safetensors'],
    ])
    const again = lora({ name: 'foo.safetensors', trust: TRUST.editor, evidence: ['comfyui:workflow node 1'] })
    expect(written(inGraph('style/foo.safetensors', 0.5), inGraph('foo.safetensors', 0.7), again)).toEqual([
      ['style/foo.safetensors'],
      ['foo.safetensors'],
    ])
  })
  test('the end of two names joins no two folders', () => {
    const mentions = [lora({ name: 'foo' }), lora({ name: 'a/foo', evidence: ['b:x'] }), lora({ name: 'b/foo' })]
    expect(written(...mentions)).toEqual([['foo', 'a/foo'], ['b/foo']])
  })
  test('a name without a folder is of the one with its weight', () => {
    const tag = lora({ name: 'foo', weight: 0.7, active: true })
    const hashed = lora({ name: 'foo', hashes: [hash('auto_v3', '0123456789ab')] })
    const found = merge(inGraph('a/foo.safetensors', 0.5), inGraph('b/foo.safetensors', 0.7), tag, hashed)
    expect(found.map(({ hashes }) => hashes.length)).toEqual([0, 1])
  })
  test('where nothing tells which one is meant, nothing is added to either, and a warning says so', () => {
    const hashed = lora({ name: 'foo', hashes: [hash('auto_v3', '0123456789ab')], evidence: ['a:hashes'] })
    const { dependencies, warnings } = mergeMentions([
      inGraph('a/foo.safetensors', 0.5),
      inGraph('b/foo.safetensors', 0.7),
      hashed,
      hashed,
    ])
    expect(dependencies.map(({ hashes }) => hashes)).toEqual([[], []])
    expect(warnings.map(({ place }) => place)).toEqual(['a:hashes'])
  })
})

describe('one stem with several model extensions', () => {
  const known = [hash('auto_v3', '0123456789ab')]
  const of = (name: string, more: Partial<TrustedMention> = {}) => lora({ name, ...more })
  const elsewhere = { evidence: ['b:x'] } as const
  const rows: readonly (readonly [why: string, mentions: TrustedMention[], written: string[][]])[] = [
    ['two files', [of('mix.safetensors'), of('mix.ckpt')], [['mix.safetensors'], ['mix.ckpt']]],
    ['of two sources too', [of('mix.safetensors'), of('mix.ckpt', elsewhere)], [['mix.safetensors'], ['mix.ckpt']]],
    [
      'in a folder that only one names',
      [of('a/mix.safetensors'), of('mix.ckpt', elsewhere)],
      [['a/mix.safetensors'], ['mix.ckpt']],
    ],
    [
      'a name without one stands for the first',
      [of('mix'), of('mix.ckpt'), of('mix.pt')],
      [['mix', 'mix.ckpt'], ['mix.pt']],
    ],
    ['and joins either', [of('mix.ckpt'), of('MIX'), of('mix.CKPT')], [['mix.ckpt', 'MIX', 'mix.CKPT']]],
    ['dots of a name are none', [of('mix_v0.178'), of('mix_v0.178.pt')], [['mix_v0.178', 'mix_v0.178.pt']]],
    [
      'a hash that both have makes them one',
      [of('mix.safetensors', { hashes: known }), of('mix.ckpt', { hashes: known, ...elsewhere })],
      [['mix.safetensors', 'mix.ckpt']],
    ],
    [
      'so does a version',
      [of('mix.safetensors', { civitai: { version_id: 1 } }), of('mix.ckpt', { civitai: { version_id: 1 } })],
      [['mix.safetensors', 'mix.ckpt']],
    ],
    [
      'each again',
      [of('mix.safetensors'), of('mix.ckpt'), of('mix.ckpt', elsewhere), of('mix.safetensors', elsewhere)],
      [['mix.safetensors'], ['mix.ckpt']],
    ],
  ]
  test.each(rows)('%s', (_, mentions, written) => {
    expect(merge(...mentions).map((each) => each.written)).toEqual(written)
  })

  test('a name without one is of the file with its hash or weight, else of neither', () => {
    const both = [of('mix.safetensors', { weight: 0.5 }), of('mix.ckpt', { weight: 0.7, hashes: known })]
    const told = (more: Partial<TrustedMention>) => {
      const { dependencies, warnings } = mergeMentions([...both, of('mix', { evidence: ['b:hashes'], ...more })])
      return [...dependencies.map(({ evidence }) => evidence.length), ...warnings.map(({ place }) => place)]
    }
    expect(told({ weight: 0.5 })).toEqual([2, 1])
    expect(told({ hashes: known })).toEqual([1, 2])
    expect(told({ hashes: [hash('auto_v3', 'ffffffffffff')] })).toEqual([1, 1, 'b:hashes'])
  })
})

test('who knows both the name and the hash joins what was told by one of them', () => {
  const known = hash('auto_v3', '0123456789ab')
  const found = merge(
    lora({ name: 'foo' }),
    lora({ hashes: [known], civitai: { version_id: 7 }, evidence: ['b:x'] }),
    lora({ name: 'foo', hashes: [known], evidence: ['c:x'] }),
  )
  expect(found).toMatchObject([{ name: 'foo', civitai: { version_id: 7 }, evidence: ['a:prompt', 'b:x', 'c:x'] }])
})

test('an AIR tells the ids that stand nowhere else', () => {
  const air = 'urn:air:sdxl:lora:civitai:1@2'
  expect(merge(lora({ air, civitai: { version_id: 2 } }))[0]?.civitai).toEqual({ model_id: 1, version_id: 2 })
  expect(merge(lora({ air, civitai: { version_id: 3 } }))[0]?.civitai).toEqual({ version_id: 3 })
})

describe('contradictions of one model', () => {
  const rows: readonly (readonly [
    why: string,
    a: Partial<TrustedMention>,
    b: Partial<TrustedMention>,
    told: number,
  ])[] = [
    ['a full and a short hash', { hashes: [hash('sha256', FULL)] }, { hashes: [hash('auto_v2', '0123456789')] }, 1],
    ['a hash and its beginning', { hashes: [hash('sha256', FULL)] }, { hashes: [hash('auto_v2', 'ab'.repeat(5))] }, 0],
    ['two of Forge', { hashes: [hash('sha256', FULL)] }, { hashes: [hash('sha256_12', '0123456789ab')] }, 1],
    [
      'digests of two kinds',
      { hashes: [hash('sha256', FULL)] },
      { hashes: [hash('tensor_sha256', '01'.repeat(32))] },
      0,
    ],
    [
      'twelve digits of either kind',
      { hashes: [hash('sha256', FULL)] },
      { hashes: [hash('auto_v3', '0123456789ab')] },
      0,
    ],
    ['two versions', { civitai: { version_id: 1 } }, { civitai: { version_id: 2 } }, 1],
    [
      'a version and its AIR',
      { civitai: { version_id: 2 } },
      { air: 'urn:air:x:lora:civitai:1@2', civitai: { version_id: 2 } },
      0,
    ],
  ]
  test.each(rows)('%s', (_, a, b, told) => {
    const { dependencies, warnings } = mergeMentions([
      lora({ name: 'foo', ...a }),
      lora({ name: 'foo', ...b, evidence: ['b:x'] }),
    ])
    expect(dependencies).toHaveLength(1)
    expect(warnings).toHaveLength(told)
  })
})

describe('files of one version at Civitai', () => {
  const API = 'https://civitai.com/api/download/models/34'
  const link = (url: string): TrustedMention => ({
    type: 'other',
    guessed: true,
    civitai: { version_id: 34 },
    urls: [url],
    evidence: ['civitai:link'],
  })
  const air = (text: string): TrustedMention => lora({ air: text, civitai: { model_id: 12, version_id: 34 } })
  const rows: readonly (readonly [why: string, a: TrustedMention, b: TrustedMention, references: string[]])[] = [
    ['two numbers', link(`${API}?fileId=5`), link(`${API}?fileId=6`), [`${API}?fileId=5`, `${API}?fileId=6`]],
    [
      'two numbers in AIRs',
      air('urn:air:sdxl:lora:civitai:12@34+5'),
      air('urn:air:sdxl:lora:civitai:12@34+6'),
      ['urn:air:sdxl:lora:civitai:12@34+5', 'urn:air:sdxl:lora:civitai:12@34+6'],
    ],
    [
      'other traits',
      link(`${API}?type=Model&format=SafeTensor&size=full&fp=fp32`),
      link(`${API}?type=Model&format=SafeTensor&size=pruned&fp=fp16`),
      [
        `${API}?type=Model&format=SafeTensor&size=full&fp=fp32`,
        `${API}?type=Model&format=SafeTensor&size=pruned&fp=fp16`,
      ],
    ],
    ['the model and its VAE', link(API), link(`${API}?type=VAE`), ['civitai:version:34', `${API}?type=VAE`]],
    ['a number and words', link(`${API}?fileId=5`), link(`${API}?fp=fp16`), [`${API}?fileId=5`, `${API}?fp=fp16`]],
    ['the same number', link(`${API}?fileId=5`), air('urn:air:sdxl:lora:civitai:12@34+5'), ['civitai:version:34']],
    ['the same traits', link(`${API}?fp=fp16`), link(`${API}?type=Model&fp=FP16`), ['civitai:version:34']],
    ['the version and a file of it', link(API), link(`${API}?fileId=5`), ['civitai:version:34']],
    [
      'the page and a file of it',
      link('https://civitai.com/models/12?modelVersionId=34'),
      link(`${API}?fp=fp16`),
      ['civitai:version:34'],
    ],
  ]
  test.each(rows)('%s', (_, a, b, references) => {
    for (const each of [[a, b]]) {
      const found = merge(...each)
      expect(found.map(({ reference }) => reference)).toEqual(references)
      expect(found.map(({ civitai }) => civitai?.version_id)).toEqual(references.map(() => 34))
    }
  })

  test('a third that names the version alone joins them to nothing', () => {
    const found = merge(link(`${API}?fileId=5`), link(`${API}?fileId=6`), link(API))
    expect(found.map(({ urls }) => urls)).toEqual([[`${API}?fileId=5`, API], [`${API}?fileId=6`]])
  })
})
