import type { DependencyType } from '../dependency.ts'
import { toGeneration, toNumber } from '../generation.ts'
import { detector, moduleType, upscaler } from '../known-names.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { parseModelName } from '../model-name.ts'
import { readReference } from '../reference.ts'
import { entriesOf, fieldOf, objectsIn, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { A1111_TAGS, addTags } from './prompt-tags.ts'

/** A request of A1111's API (`/sdapi/v1/txt2img`, `img2img`), or its options as JSON. */
export const a1111Api: PromptParser = { format: 'a1111', detect, parse }

const OWN_FIELDS = [
  'sd_model_checkpoint',
  'override_settings',
  'alwayson_scripts',
  'sampler_name',
  'sampler_index',
  'hr_upscaler',
  'hr_checkpoint_name',
  'refiner_checkpoint',
  'sd_vae',
]

function detect(input: ParserInput): number {
  const request = input.json()
  const known = OWN_FIELDS.filter((name) => fieldOf(request, name) !== undefined).length
  if (known === 0) return 0
  return textOf(fieldOf(request, 'prompt')) === undefined && fieldOf(request, 'sd_model_checkpoint') === undefined
    ? 0.3
    : Math.min(0.95, 0.7 + 0.1 * known)
}

const MODEL_FIELDS: readonly (readonly [field: string, type: DependencyType])[] = [
  ['sd_model_checkpoint', 'checkpoint'],
  ['sd_vae', 'vae'],
  ['refiner_checkpoint', 'checkpoint'],
  ['hr_checkpoint_name', 'checkpoint'],
  ['sd_hypernetwork', 'hypernetwork'],
]
const MODULE_FIELDS = ['forge_additional_modules', 'hr_additional_modules']
const PROMPT_FIELDS = ['prompt', 'negative_prompt', 'hr_prompt', 'hr_negative_prompt']

const at = (field: string): string => `a1111:${field}`

function parse(input: ParserInput): ParsedSource {
  const request = input.json()
  const settings = fieldOf(request, 'override_settings')
  const findings = createFindings()
  for (const [holder, prefix] of [
    [settings, 'override_settings.'],
    [request, ''],
  ] as const) {
    addModels(holder, prefix, findings)
  }
  for (const field of PROMPT_FIELDS) {
    addTags(textOf(fieldOf(request, field)) ?? '', at(field), A1111_TAGS, findings)
  }
  const upscalerName = textOf(fieldOf(request, 'hr_upscaler'))
  if (upscalerName !== undefined && fieldOf(request, 'enable_hr') !== false) {
    findings.add({ ...upscaler(upscalerName), evidence: [at('hr_upscaler')] })
  }
  for (const [name, script] of entriesOf(fieldOf(request, 'alwayson_scripts'))) {
    const units = objectsIn(fieldOf(script, 'args'))
    if (name.toLowerCase() === 'controlnet') addControlNets(units, findings)
    if (name.toLowerCase() === 'adetailer') addDetailers(units, findings)
  }
  return {
    format: 'a1111',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: toGeneration({
      prompt: fieldOf(request, 'prompt'),
      negative_prompt: fieldOf(request, 'negative_prompt'),
      seed: fieldOf(request, 'seed') === -1 ? undefined : fieldOf(request, 'seed'),
      steps: fieldOf(request, 'steps'),
      sampler: fieldOf(request, 'sampler_name') ?? fieldOf(request, 'sampler_index'),
      scheduler: fieldOf(request, 'scheduler'),
      cfg_scale: fieldOf(request, 'cfg_scale'),
      width: fieldOf(request, 'width'),
      height: fieldOf(request, 'height'),
      clip_skip: fieldOf(settings, 'CLIP_stop_at_last_layers'),
    }),
    warnings: findings.warnings,
  }
}

function addModels(holder: unknown, prefix: string, findings: Findings): void {
  for (const [field, type] of MODEL_FIELDS) {
    const name = textOf(fieldOf(holder, field))
    if (name === undefined) continue
    const place = at(prefix + field)
    // The checkpoint may be given by its hash alone.
    const hashes = type === 'checkpoint' && /^(?:[0-9a-f]{10}|[0-9a-f]{64})$/i.test(name.trim())
    const read = hashes ? { hashes: findings.hash(name, place) } : readReference(name, place, findings)
    findings.add({ type, ...read, evidence: [place] })
  }
  for (const field of MODULE_FIELDS) {
    const modules = fieldOf(holder, field)
    for (const name of Array.isArray(modules) ? modules : []) {
      if (typeof name !== 'string') continue
      const type = moduleType(parseModelName(name).stem)
      findings.add({ type, ...readReference(name, at(prefix + field), findings), evidence: [at(prefix + field)] })
    }
  }
}

function addControlNets(units: readonly unknown[], findings: Findings): void {
  for (const unit of units) {
    const name = textOf(fieldOf(unit, 'model'))
    if (name === undefined) continue
    const place = at('alwayson_scripts.controlnet')
    const weight = toNumber(fieldOf(unit, 'weight'))
    findings.add({
      type: 'controlnet',
      ...readReference(name, place, findings),
      ...(weight === undefined ? {} : { weight }),
      active: fieldOf(unit, 'enabled') !== false && weight !== 0,
      evidence: [place],
    })
  }
}

function addDetailers(units: readonly unknown[], findings: Findings): void {
  const place = at('alwayson_scripts.ADetailer')
  for (const unit of units) {
    const name = textOf(fieldOf(unit, 'ad_model'))
    if (name !== undefined) findings.add({ ...detector(name), evidence: [place] })
    addTags(textOf(fieldOf(unit, 'ad_prompt')) ?? '', place, A1111_TAGS, findings)
    const own: readonly (readonly [string, DependencyType, boolean])[] = [
      ['ad_checkpoint', 'checkpoint', fieldOf(unit, 'ad_use_checkpoint') !== false],
      ['ad_vae', 'vae', fieldOf(unit, 'ad_use_vae') !== false],
      ['ad_controlnet_model', 'controlnet', true],
    ]
    for (const [field, type, used] of own) {
      const model = textOf(fieldOf(unit, field))
      if (model !== undefined && used)
        findings.add({ type, ...readReference(model, place, findings), evidence: [place] })
    }
  }
}
