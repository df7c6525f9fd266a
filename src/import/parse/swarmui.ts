import { toNumber } from '../generation.ts'
import { createFindings, type Findings, type Mention, TRUST } from '../mention.ts'
import { readReference } from '../reference.ts'
import { type Strengths, strengthsOf } from '../strengths.ts'
import { entriesOf, fieldOf, objectsIn, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { readGeneration } from './swarmui/generation.ts'
import { addHashes } from './swarmui/hashes.ts'
import { listOf } from './swarmui/lists.ts'
import { isChoice, MODEL_PARAMS } from './swarmui/params.ts'
import { addPrompts } from './swarmui/prompt.ts'

/** SwarmUI: `sui_image_params`, with the tensor digests of its models in `sui_models`. */
export const swarmui: PromptParser = {
  format: 'swarmui',
  fields: ['sui_image_params', 'sui_models'],
  detect,
  parse,
}

function detect(input: ParserInput): number {
  const root = input.json()
  if (entriesOf(fieldOf(root, 'sui_image_params')).length > 0) return 1
  return objectsIn(fieldOf(root, 'sui_models')).length > 0 ? 0.9 : 0
}

const at = (param: string): string => `swarmui:${param}`

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const params = fieldOf(root, 'sui_image_params')
  const extra = fieldOf(root, 'sui_extra_data')
  const findings = createFindings()
  const unused = unusedParams(extra)
  addModels(params, unused, findings)
  addLoras(params, unused, findings)
  addFiles(params, unused, findings)
  for (const name of listOf(fieldOf(extra, 'used_embeddings'))) {
    add('embedding', name, at('used_embeddings'), {}, findings)
  }
  addPrompts(params, findings)
  addHashes(root, params, findings)
  return {
    format: 'swarmui',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: readGeneration(params),
    warnings: findings.warnings,
  }
}

function add(
  type: Mention['type'],
  name: string,
  place: string,
  more: Partial<Pick<Mention, 'active' | 'evidence'>> & Strengths,
  findings: Findings,
): void {
  if (!isChoice(name)) findings.add({ type, ...readReference(name, place, findings), evidence: [place], ...more })
}

/**
 * Parameters that were set and that nothing asked for. Where the main model is among them, the picture was made by
 * another backend, and the list says nothing.
 */
function unusedParams(extra: unknown): ReadonlySet<string> {
  const unused = new Set(listOf(fieldOf(extra, 'unused_parameters')))
  return unused.has('model') ? new Set() : unused
}

type Strength = Strengths & Pick<Mention, 'active'>

function strengthOf(value: unknown, isUnused: boolean): Strength {
  const weight = toNumber(value)
  if (weight === undefined) return isUnused ? { active: false } : {}
  return { weight, active: !isUnused && weight !== 0 }
}

function addModels(params: unknown, unused: ReadonlySet<string>, findings: Findings): void {
  for (const [param, value] of entriesOf(params)) {
    const known = MODEL_PARAMS.get(param)
    if (known === undefined) continue
    const strength = known.strength === undefined ? undefined : fieldOf(params, known.strength)
    for (const name of Array.isArray(value) ? listOf(value) : [textOf(value) ?? '']) {
      add(known.type, name, at(param), strengthOf(strength, unused.has(param)), findings)
    }
  }
}

/** Parallel lists of names, of weights and of the sections of the prompt where alone they count. */
function addLoras(params: unknown, unused: ReadonlySet<string>, findings: Findings): void {
  const [weights, encoderWeights, sections] = ['loraweights', 'loratencweights', 'lorasectionconfinement'].map(
    (param) => listOf(fieldOf(params, param)),
  )
  for (const [index, name] of listOf(fieldOf(params, 'loras')).entries()) {
    const weight = toNumber(weights?.[index]) ?? 1
    const onEncoder = toNumber(encoderWeights?.[index])
    const isOff = weight === 0 && (onEncoder ?? 0) === 0
    const section = toNumber(sections?.[index]) ?? 0
    const place = at('loras')
    add(
      'lora',
      name,
      place,
      {
        ...strengthsOf(weight, weight, onEncoder),
        active: !isOff && !unused.has('loras'),
        ...(section > 0 ? { evidence: [place, at(`lorasectionconfinement ${section}`)] } : {}),
      },
      findings,
    )
  }
}

/** Parameters that name a file only behind a prefix: `model-4x_foo.pth`, `file:bar.safetensors`. */
function addFiles(params: unknown, unused: ReadonlySet<string>, findings: Findings): void {
  for (const param of ['refinerupscalemethod', 'seedvrupscalemethod']) {
    const file = /^(?:latent)?model-(.+)$/s.exec(textOf(fieldOf(params, param)) ?? '')?.[1]
    const isOff =
      unused.has(param) || (param === 'refinerupscalemethod' && toNumber(fieldOf(params, 'refinerupscale')) === 1)
    if (file !== undefined) add('upscaler', file, at(param), strengthOf(undefined, isOff), findings)
  }
  const param = 'useipadapter'
  const adapter = /^file:(.+)$/s.exec(textOf(fieldOf(params, param)) ?? '')?.[1]
  const strength = strengthOf(fieldOf(params, 'ipadapterweight'), unused.has(param))
  if (adapter !== undefined) add('ipadapter', adapter, at(param), strength, findings)
}
