import { expect, test } from 'bun:test'
import { linkModels } from '../../src/import/media-models.ts'
import { TRUST, type TrustedMention } from '../../src/import/mention.ts'
import { mergeMentions } from '../../src/import/merge.ts'

const nothing = { byHash: async () => undefined, byName: async () => undefined }

test('both strengths of a LoRA are linked, and what a saver only claims is not', async () => {
  const used: TrustedMention = {
    type: 'lora',
    name: 'ink',
    weight: 0.8,
    clipWeight: 0.5,
    trust: TRUST.executed,
    evidence: ['comfyui:prompt node 1 lora_name'],
  }
  const claimed: TrustedMention = { type: 'lora', name: 'fog', trust: TRUST.claim, evidence: ['infotext:prompt'] }
  const linked = (graph: 'whole' | 'partly') => linkModels(mergeMentions([used, claimed], graph).dependencies, nothing)
  expect(await linked('whole')).toEqual([{ type: 'lora', name: 'ink', weight: 0.8, clip_weight: 0.5 }])
  expect((await linked('partly')).map(({ name }) => name)).toEqual(['ink', 'fog'])
})

test.each<[string, string, string | undefined]>([
  ['choice', '1a2b3c4d5e', undefined],
  ['choice', 'abababab', 'ab'.repeat(32)],
  ['choice', 'ababababab', 'ab'.repeat(32)],
  ['auto_v2', '1a2b3c4d5e', 'ab'.repeat(32)],
])('what was taken by %s for the hash %s', async (matched_by, value, sha256) => {
  const algorithm = value.length === 10 ? 'auto_v2' : 'auto_v1'
  const hashes = [{ algorithm, value, source: 'infotext:Model hash' } as const]
  const { dependencies } = mergeMentions([
    { type: 'lora', name: 'ink', hashes, trust: TRUST.native, evidence: ['infotext:prompt'] },
  ])
  const found = dependencies.map((each) => ({ ...each, matched_by, sha256: 'ab'.repeat(32) }))
  expect((await linkModels(found, nothing)).map((each) => each.sha256)).toEqual([sha256])
})
