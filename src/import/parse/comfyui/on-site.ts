import type { JsonValue } from '../../../lib/json.ts'
import type { DependencyType } from '../../dependency.ts'
import { type Generation, toGeneration, toNumber } from '../../generation.ts'
import { typeOfResource } from '../../known-names.ts'
import type { Findings } from '../../mention.ts'
import { civitaiIds, readReference } from '../../reference.ts'
import { fieldOf, objectsIn, parseJson, textOf } from '../json.ts'
import { typeOfAir } from './model-use.ts'

/**
 * What Civitai's generator keeps beside the graph: the addresses of its models in `extra`, and in `extraMetadata` what
 * its user asked for, as JSON in a string. Call it after the nodes were read: types are taken from what is known by then.
 */
export function readOnSite(root: unknown, findings: Findings): Generation {
  const extra = fieldOf(root, 'extra')
  for (const [field, type] of LISTS) {
    for (const item of textsIn(fieldOf(extra, field))) addAddress(item, type, `comfyui:extra ${field}`, findings)
  }
  const kept = fieldOf(root, 'extraMetadata')
  const metadata = typeof kept === 'string' ? parseJson(kept) : kept
  addResources(fieldOf(metadata, 'resources'), findings)
  return toGeneration({
    prompt: fieldOf(metadata, 'prompt'),
    negative_prompt: fieldOf(metadata, 'negativePrompt'),
    seed: fieldOf(metadata, 'seed'),
    steps: fieldOf(metadata, 'steps'),
    sampler: fieldOf(metadata, 'sampler'),
    cfg_scale: fieldOf(metadata, 'cfgScale'),
    width: fieldOf(metadata, 'width'),
    height: fieldOf(metadata, 'height'),
    clip_skip: fieldOf(metadata, 'clipSkip'),
  })
}

const LISTS: readonly (readonly [field: string, type: DependencyType])[] = [
  ['airs', 'other'],
  ['ckpt_airs', 'checkpoint'],
  ['lora_airs', 'lora'],
  ['embedding_airs', 'embedding'],
]

const MOST_RESOURCES = 500

const textsIn = (value: JsonValue | undefined): string[] =>
  (Array.isArray(value) ? value.slice(0, MOST_RESOURCES) : []).filter((item) => typeof item === 'string')

/** `urn:air:sdxl:lora:civitai:1@2`, or only `1@2` where the list says the type. */
function addAddress(text: string, type: DependencyType, place: string, findings: Findings): void {
  const [, model, version] = /^\s*(\d{1,15})(?:@(\d{1,15}))?\s*$/.exec(text) ?? []
  const short = civitaiIds(model, version)
  const { air, civitai } = short === undefined ? readReference(text, place, findings) : { civitai: short }
  if (air === undefined && civitai === undefined) return
  findings.add({
    type: (air === undefined ? undefined : typeOfAir(air)) ?? type,
    ...(air === undefined ? {} : { air }),
    ...(civitai === undefined ? {} : { civitai }),
    evidence: [place],
  })
}

/** Types that are mixed in with a weight. */
const WEIGHTED: ReadonlySet<DependencyType> = new Set(['lora', 'embedding', 'hypernetwork'])

/** `[{"modelVersionId": 2, "strength": 0.8, "type": "lora"}]`, the type often left out. */
function addResources(list: JsonValue | undefined, findings: Findings): void {
  const types = new Map(findings.mentions.map(({ civitai, type }) => [civitai?.version_id, type]))
  for (const item of objectsIn(Array.isArray(list) ? list.slice(0, MOST_RESOURCES) : undefined)) {
    const civitai = civitaiIds(undefined, fieldOf(item, 'modelVersionId'))
    if (civitai === undefined) continue
    const told = textOf(fieldOf(item, 'type'))
    const type = told === undefined ? (types.get(civitai.version_id) ?? 'other') : typeOfResource(told)
    const strength = toNumber(fieldOf(item, 'strength'))
    const isWeight = strength !== undefined && (WEIGHTED.has(type) || (type === 'other' && strength !== 1))
    findings.add({
      type,
      civitai,
      ...(isWeight ? { weight: strength, active: strength !== 0 } : {}),
      evidence: ['comfyui:extraMetadata resources'],
    })
  }
}
