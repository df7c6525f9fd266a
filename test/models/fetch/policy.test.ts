import { describe, expect, test } from 'bun:test'
import { decide, type PolicyQuestion, type PolicySettings } from '../../../src/models/fetch/policy.ts'
import type { Offer, PolicyFacts } from '../../../src/models/fetch/wanted.ts'

const DEFAULTS: PolicySettings = {
  allowedLicences: ['commercial', 'noncommercial'],
  acceptTerms: false,
  maxSizeBytes: 10_737_418_240,
  allowPickle: false,
}
const NOW = Date.parse('2026-11-21T00:00:00Z')
const FLAGS: PolicyFacts = { commercial_use: ['Image'], base_model: 'SDXL 1.0' }

const civitai = (facts: PolicyFacts, more: Partial<Offer> = {}): Offer => ({
  source: 'civitai',
  ref: { kind: 'civitai', version_id: 2 },
  filename: 'harborMix_v2.safetensors',
  size_bytes: 1000,
  matched_by: 'sha256',
  facts,
  ...more,
})
const hugging = (facts: PolicyFacts, more: Partial<Offer> = {}): Offer =>
  civitai(facts, {
    source: 'huggingface',
    ref: { kind: 'huggingface', repo: 'acme/harbor', revision: 'main', path: 'x.safetensors' },
    ...more,
  })
const byUrl = (byCaller: boolean): Offer =>
  civitai({}, { source: 'url', ref: { kind: 'url', url: 'https://example.org/x.safetensors', by_caller: byCaller } })

interface Row {
  readonly offer: Offer
  readonly ask?: Partial<PolicyQuestion>
  readonly settings?: Partial<PolicySettings>
}

const judge = ({ offer, ask, settings }: Row): string => {
  const question = { offer, type: 'lora', isOwner: false, termsAccepted: false, now: NOW, ...ask } as const
  const decision = decide(question, { ...DEFAULTS, ...settings })
  return decision.verdict === 'allow' ? 'allow' : `${decision.verdict} ${decision.reason}`
}

const rows: readonly (readonly [string, Row, string])[] = [
  ['flags that are known', { offer: civitai(FLAGS) }, 'allow'],
  ['no commercial use', { offer: civitai({ commercial_use: [] }) }, 'allow'],
  ['flags that are not known', { offer: civitai({ commercial_use: null }) }, 'ask license'],
  ['flags that are missing', { offer: civitai({}) }, 'ask license'],
  ['an empty list allows all', { offer: civitai({}), settings: { allowedLicences: [] } }, 'allow'],
  [
    'only commercial',
    { offer: civitai({ commercial_use: [] }), settings: { allowedLicences: ['commercial'] } },
    'ask license',
  ],
  [
    'Sell is commercial',
    { offer: civitai({ commercial_use: ['Sell'] }), settings: { allowedLicences: ['commercial'] } },
    'allow',
  ],
  [
    'the base model forbids it',
    { offer: civitai({ ...FLAGS, base_model: 'Flux.1 D' }), settings: { allowedLicences: ['commercial'] } },
    'ask license',
  ],
  [
    'the licence of a base model by name',
    {
      offer: civitai({ ...FLAGS, base_model: 'Flux.1 D' }),
      settings: { allowedLicences: ['FLUX-1-dev-non-commercial-license'] },
    },
    'allow',
  ],
  ['apache', { offer: hugging({ license: 'apache-2.0' }) }, 'allow'],
  [
    'apache by name',
    { offer: hugging({ license: 'apache-2.0' }), settings: { allowedLicences: ['Apache-2.0'] } },
    'allow',
  ],
  ['other', { offer: hugging({ license: 'other' }) }, 'ask license'],
  ['no licence', { offer: hugging({}) }, 'ask license'],
  ['gated', { offer: hugging({ license: 'apache-2.0', gated: 'auto' }) }, 'ask terms'],
  [
    'gated and accepted',
    { offer: hugging({ license: 'apache-2.0', gated: 'manual' }), ask: { termsAccepted: true } },
    'allow',
  ],
  ['gated, unasked', { offer: hugging({ license: 'mit', gated: 'auto' }), settings: { acceptTerms: true } }, 'allow'],
  [
    'a checkpoint of Flux',
    { offer: civitai({ ...FLAGS, base_model: 'Flux.1 D' }), ask: { type: 'checkpoint' } },
    'ask terms',
  ],
  ['a LoRA of Flux', { offer: civitai({ ...FLAGS, base_model: 'Flux.1 D' }) }, 'allow'],
  ['too large', { offer: civitai(FLAGS, { size_bytes: 10_737_418_241 }) }, 'ask size'],
  ['just not', { offer: civitai(FLAGS, { size_bytes: 10_737_418_240 }) }, 'allow'],
  [
    'larger, as the caller says',
    { offer: civitai(FLAGS, { size_bytes: 2e10 }), ask: { maxSizeBytes: 3e10, isOwner: true } },
    'allow',
  ],
  ['larger, as another says', { offer: civitai(FLAGS, { size_bytes: 2e10 }), ask: { maxSizeBytes: 3e10 } }, 'ask size'],
  ['smaller, as the caller says', { offer: civitai(FLAGS), ask: { maxSizeBytes: 999 } }, 'ask size'],
  ['a pickle', { offer: civitai(FLAGS, { filename: 'x.PT' }) }, 'ask pickle'],
  ['a pickle, allowed', { offer: civitai(FLAGS, { filename: 'x.ckpt' }), settings: { allowPickle: true } }, 'allow'],
  [
    'a pickle that nobody scanned',
    { offer: civitai({ ...FLAGS, pickle_scan: 'Pending' }, { filename: 'x.pt' }), settings: { allowPickle: true } },
    'ask scan',
  ],
  ['safetensors that nobody scanned', { offer: civitai({ ...FLAGS, pickle_scan: 'Pending' }) }, 'allow'],
  ['dangerous', { offer: civitai({ ...FLAGS, virus_scan: 'Danger' }) }, 'deny scan'],
  ['archived', { offer: civitai({ ...FLAGS, availability: 'Archived' }) }, 'deny archived'],
  ['taken down', { offer: civitai({ ...FLAGS, availability: 'TakenDown' }) }, 'deny archived'],
  ['only for its generator', { offer: civitai({ ...FLAGS, usage: 'InternalGeneration' }) }, 'deny disabled'],
  [
    'early access',
    { offer: civitai({ ...FLAGS, paid_access: { permanent: false, ends_at: '2026-12-01T00:00:00Z' } }) },
    'ask early_access',
  ],
  [
    'early access that is over',
    { offer: civitai({ ...FLAGS, paid_access: { permanent: false, ends_at: '2026-11-20T23:59:59Z' } }) },
    'allow',
  ],
  [
    'paid for ever',
    { offer: civitai({ ...FLAGS, paid_access: { permanent: true, ends_at: null } }) },
    'ask early_access',
  ],
  [
    'an end that cannot be read',
    { offer: civitai({ ...FLAGS, paid_access: { permanent: false, ends_at: 'soon' } }) },
    'ask early_access',
  ],
  ['an address that the owner names', { offer: byUrl(true), ask: { isOwner: true } }, 'allow'],
  ['one that another names', { offer: byUrl(true) }, 'ask license'],
  ['one that a prompt names', { offer: byUrl(false), ask: { isOwner: true } }, 'ask license'],
  [
    'a node',
    { offer: civitai({}, { source: 'remote', ref: { kind: 'node', node: 'box', hash: 'a', filename: 'x' } }) },
    'allow',
  ],
  [
    'a pickle of a node',
    {
      offer: civitai(
        {},
        { source: 'remote', ref: { kind: 'node', node: 'box', hash: 'a', filename: 'x' }, filename: 'x.pt' },
      ),
    },
    'ask pickle',
  ],
]

describe('what may be downloaded', () => {
  test.each(rows)('%s', (_, row, expected) => {
    expect(judge(row)).toBe(expected)
  })

  test.each<[string, Row, string]>([
    [
      'a repository',
      { offer: hugging({ license: 'mit', gated: 'auto' }) },
      'accept_terms with huggingface_repo acme/harbor',
    ],
    [
      'a version, by where it is fetched from',
      { offer: civitai({ ...FLAGS, base_model: 'Flux.1 D' }), ask: { type: 'checkpoint' } },
      'accept_terms with civitai_version_id 2',
    ],
    [
      'a version that another source has too',
      {
        offer: hugging({ license: 'apache-2.0', base_model: 'Flux.1 D' }, { civitai: { model_id: 7, version_id: 8 } }),
        ask: { type: 'checkpoint' },
      },
      'accept_terms with huggingface_repo acme/harbor',
    ],
    [
      'nothing that could be named',
      { offer: { ...byUrl(false), facts: { ...FLAGS, base_model: 'Flux.1 D' } }, ask: { type: 'checkpoint' } },
      'CivitAI.AllowTosAutoAccept',
    ],
  ])('terms say what is to be accepted: %s', (_, { offer, ask }, words) => {
    const question = { offer, type: 'lora', isOwner: false, termsAccepted: false, now: NOW, ...ask } as const
    const decision = decide(question, DEFAULTS)
    expect(decision).toMatchObject({ verdict: 'ask', reason: 'terms' })
    expect(decision.verdict === 'allow' ? '' : decision.message).toContain(words)
  })

  test('when an early access ends is told', () => {
    const paid_access = { permanent: false, ends_at: '2026-12-01T00:00:00Z' }
    const question = { type: 'lora', isOwner: true, termsAccepted: false, now: NOW } as const
    const decision = decide({ ...question, offer: civitai({ ...FLAGS, paid_access }) }, DEFAULTS)
    expect(decision).toMatchObject({ until: Date.parse(paid_access.ends_at) })
    expect(decision.verdict === 'allow' ? '' : decision.message).toContain('2026-12-01')
  })
})
