import type { JsonObject } from '../../../lib/json.ts'
import { isJsonObject } from '../../../lib/json.ts'
import type { DependencyType } from '../../dependency.ts'
import { type Generation, toGeneration } from '../../generation.ts'
import type { Findings } from '../../mention.ts'
import { readReference } from '../../reference.ts'
import { addModels } from '../infotext/models.ts'
import { createPairTable, type PairTable } from '../infotext/pair-table.ts'
import { softwareOf } from '../infotext/software.ts'
import { entriesOf, fieldOf, parseJson, textOf } from '../json.ts'
import { A1111_TAGS, addTags } from '../prompt-tags.ts'
import { at } from './place.ts'

/** What a response says of its pictures: the `info` that it holds as JSON in a string, or that JSON by itself. */
export function infoOf(root: unknown): JsonObject | undefined {
  const held = fieldOf(root, 'info')
  const info = typeof held === 'string' ? parseJson(held) : (held ?? root)
  return isJsonObject(info) && INFO_FIELDS.some((name) => fieldOf(info, name) !== undefined) ? info : undefined
}

/** It has at least one of these. */
export const INFO_FIELDS: readonly string[] = [
  'infotexts',
  'sd_model_name',
  'sd_model_hash',
  'extra_generation_params',
  'all_prompts',
]

const MOST_TEXTS = 100

/** The infotexts of an `info`: one for each picture. */
export const infotextsOf = (info: unknown): string[] => textsIn(fieldOf(info, 'infotexts'))

const textsIn = (value: unknown): string[] =>
  (Array.isArray(value) ? value : []).slice(0, MOST_TEXTS).filter((item) => typeof item === 'string')

const MODELS: readonly (readonly [name: string, hash: string, type: DependencyType])[] = [
  ['sd_model_name', 'sd_model_hash', 'checkpoint'],
  ['sd_vae_name', 'sd_vae_hash', 'vae'],
]

export function addInfo(info: JsonObject, findings: Findings): void {
  for (const [nameField, hashField, type] of MODELS) {
    const name = textOf(fieldOf(info, nameField))
    const read = name === undefined ? {} : readReference(name, at(`info.${nameField}`), findings)
    const hashes = [...(read.hashes ?? []), ...findings.hash(fieldOf(info, hashField), at(`info.${hashField}`))]
    if (name === undefined && hashes.length === 0) continue
    const places = [...(name === undefined ? [] : [at(`info.${nameField}`)]), ...hashes.map(({ source }) => source)]
    const [first = at(`info.${nameField}`), ...others] = new Set(places)
    findings.add({ ...read, type, hashes, evidence: [first, ...others] })
  }
  for (const field of ['all_prompts', 'all_negative_prompts']) {
    for (const text of new Set(textsIn(fieldOf(info, field)))) addTags(text, at(`info.${field}`), A1111_TAGS, findings)
  }
  addModels(extraParameters(info), [], findings)
}

/** `extra_generation_params` has the keys of an infotext. */
function extraParameters(info: JsonObject): PairTable {
  const pairs = entriesOf(fieldOf(info, 'extra_generation_params')).flatMap(([key, value]) =>
    typeof value === 'object' ? [] : [{ key, value: String(value) }],
  )
  return createPairTable(pairs)
}

export function infoGeneration(info: JsonObject): Generation {
  const extra = extraParameters(info)
  const version = textOf(fieldOf(info, 'version'))
  return toGeneration({
    prompt: fieldOf(info, 'prompt') ?? textsIn(fieldOf(info, 'all_prompts'))[0],
    negative_prompt: fieldOf(info, 'negative_prompt') ?? textsIn(fieldOf(info, 'all_negative_prompts'))[0],
    seed: fieldOf(info, 'seed'),
    steps: fieldOf(info, 'steps'),
    sampler: fieldOf(info, 'sampler_name'),
    scheduler: extra.first('Schedule type'),
    cfg_scale: fieldOf(info, 'cfg_scale'),
    width: fieldOf(info, 'width'),
    height: fieldOf(info, 'height'),
    clip_skip: fieldOf(info, 'clip_skip'),
    ...(version === undefined ? {} : softwareOf(createPairTable([{ key: 'Version', value: version }]))),
  })
}
