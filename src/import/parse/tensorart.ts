import type { JsonValue } from '../../lib/json.ts'
import type { DependencyType } from '../dependency.ts'
import { type Generation, toGeneration, toNumber } from '../generation.ts'
import { detector, typeOfResource, upscaler } from '../known-names.ts'
import { createFindings, type Findings, type Mention, TRUST } from '../mention.ts'
import { readReference } from '../reference.ts'
import { entriesOf, fieldOf, objectsIn, parseJson, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { A1111_TAGS, addTags } from './prompt-tags.ts'

/**
 * TensorArt: `generation_data`, with the SHA-256 of every file. Its numbers of models are its own and mean something
 * else at Civitai, and the executed graph beside it has names such as `EMS-1401459-EMS`, which only its servers know.
 */
export const tensorArt: PromptParser = { format: 'tensorart', detect, parse }

function detect(input: ParserInput): number {
  const root = rootOf(input)
  const base = fieldOf(root, 'baseModel')
  const isBase = ['modelFileName', 'modelFileId'].some((field) => fieldOf(base, field) !== undefined)
  if (input.key.toLowerCase() === 'generation_data') return entriesOf(root).length > 0 ? 1 : 0
  return isBase ? 0.95 : 0
}

/** NULs follow the JSON where the container did not take them off. */
function rootOf(input: ParserInput): unknown {
  const value = input.json()
  if (value !== undefined || !input.text.endsWith('\0')) return value
  const end = input.text.lastIndexOf('}')
  return parseJson(input.text.slice(0, end + 1))
}

const at = (field: string): string => `tensorart:${field}`

function parse(input: ParserInput): ParsedSource {
  const root = rootOf(input)
  const findings = createFindings()
  addModel(fieldOf(root, 'baseModel') ?? null, 'baseModel', findings)
  for (const model of objectsIn(fieldOf(root, 'models'))) addModel(model, 'models', findings)
  const vae = fieldOf(root, 'sdVae') ?? fieldOf(root, 'vae')
  const vaeName = textOf(vae)
  if (vaeName !== undefined) add({ type: 'vae', ...readReference(vaeName, at('sdVae'), findings) }, 'sdVae', findings)
  else if (vae !== undefined) addModel(vae, 'sdVae', findings)
  addUpscalers(root, findings)
  for (const unit of objectsIn(fieldOf(fieldOf(root, 'adetailer'), 'args'))) {
    const name = textOf(fieldOf(unit, 'adModel')) ?? textOf(fieldOf(unit, 'ad_model'))
    if (name !== undefined) add(detector(name), 'adetailer', findings)
  }
  for (const unit of objectsIn(fieldOf(fieldOf(root, 'controlnet'), 'args'))) {
    const name = textOf(fieldOf(unit, 'model'))
    if (name !== undefined)
      add({ type: 'controlnet', ...readReference(name, at('controlnet'), findings) }, 'controlnet', findings)
  }
  for (const field of ['prompt', 'negativePrompt']) {
    addTags(textOf(fieldOf(root, field)) ?? '', at(field), A1111_TAGS, findings)
  }
  return {
    format: 'tensorart',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: readGeneration(root),
    warnings: findings.warnings,
  }
}

const add = (mention: Omit<Mention, 'evidence'>, field: string, findings: Findings): void =>
  findings.add({ ...mention, evidence: [at(field)] })

const OWN_TYPES: ReadonlyMap<string, DependencyType> = new Map([
  ['BASE_MODEL', 'checkpoint'],
  ['IP_ADAPTER', 'ipadapter'],
])

function addModel(model: JsonValue, field: string, findings: Findings): void {
  const name = textOf(fieldOf(model, 'modelFileName'))?.trim() || undefined
  const title = textOf(fieldOf(model, 'label'))?.trim() || undefined
  const hashes = findings.hash(fieldOf(model, 'hash'), at(field))
  if (name === undefined && title === undefined && hashes.length === 0) return
  const kind = textOf(fieldOf(model, 'type')) ?? (field === 'sdVae' ? 'VAE' : field === 'baseModel' ? 'BASE_MODEL' : '')
  const type = OWN_TYPES.get(kind) ?? typeOfResource(kind)
  const weight = type === 'checkpoint' ? undefined : toNumber(fieldOf(model, 'weight'))
  const read = name === undefined ? {} : readReference(name, at(field), findings)
  add(
    {
      type,
      ...(type === 'other' ? { guessed: true } : {}),
      ...read,
      ...(title === undefined ? {} : { title }),
      hashes: [...(read.hashes ?? []), ...hashes],
      ...(weight === undefined ? {} : { weight, active: weight !== 0 }),
    },
    field,
    findings,
  )
}

/** `upscaler`, `hrUpscaler`: display names as A1111 has them, the second one only where it enlarges. */
function addUpscalers(root: unknown, findings: Findings): void {
  for (const [field, value] of entriesOf(root)) {
    const name = /upscaler/i.test(field) ? (textOf(value) ?? textOf(fieldOf(value, 'name'))) : undefined
    if (name === undefined || name === '') continue
    const isOff = field.startsWith('hr') && fieldOf(root, 'enableHr') === false
    add({ ...upscaler(name), ...(isOff ? { active: false } : {}) }, field.slice(0, 60), findings)
  }
}

function readGeneration(root: unknown): Generation {
  const either = (...names: string[]): unknown =>
    names.map((name) => fieldOf(root, name)).find((value) => value !== undefined && value !== '')
  return toGeneration({
    prompt: either('prompt'),
    negative_prompt: either('negativePrompt'),
    seed: toNumber(either('seed')) === -1 ? undefined : either('seed'),
    steps: either('steps'),
    sampler: either('samplerName', 'ksamplerName'),
    scheduler: either('schedule', 'scheduler'),
    cfg_scale: either('cfgScale', 'guidance'),
    width: either('width'),
    height: either('height'),
    clip_skip: either('clipSkip'),
    software: 'TensorArt',
  })
}
