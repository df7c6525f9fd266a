import type { DependencyType } from '../dependency.ts'
import { toGeneration, toNumber } from '../generation.ts'
import { upscaler } from '../known-names.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { readReference } from '../reference.ts'
import { listOf } from './easy-diffusion/list.ts'
import { readTextRecord } from './easy-diffusion/text-record.ts'
import { fieldOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/** Easy Diffusion: a record of `use_…` fields as JSON, or as a text with the labels of its UI. */
export const easyDiffusion: PromptParser = { format: 'easydiffusion', detect, parse }

function detect(input: ParserInput): number {
  const root = input.json()
  if (typeof root === 'object' && root !== null) {
    return fieldOf(recordOf(root), 'use_stable_diffusion_model') === undefined ? 0 : 0.98
  }
  if (!/stable diffusion model/i.test(input.text)) return 0
  const { fields, labels } = readTextRecord(input.text)
  return labels >= 3 && fields.has('use_stable_diffusion_model') ? 0.97 : 0
}

/** Its UI saves tasks with the request inside. */
const recordOf = (root: unknown): unknown => fieldOf(root, 'reqBody') ?? root

interface ModelField {
  readonly field: string
  readonly type: DependencyType
  /** Where the strengths are, one for each name. */
  readonly weights?: string
}

const MODEL_FIELDS: readonly ModelField[] = [
  { field: 'use_stable_diffusion_model', type: 'checkpoint' },
  { field: 'use_vae_model', type: 'vae' },
  { field: 'use_text_encoder_model', type: 'text_encoder' },
  { field: 'use_lora_model', type: 'lora', weights: 'lora_alpha' },
  { field: 'use_hypernetwork_model', type: 'hypernetwork', weights: 'hypernetwork_strength' },
  { field: 'use_controlnet_model', type: 'controlnet', weights: 'control_alpha' },
  { field: 'use_embeddings_model', type: 'embedding' },
]

const at = (field: string): string => `easydiffusion:${field}`

type Read = (field: string) => unknown

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const isJson = typeof root === 'object' && root !== null
  const record = recordOf(root)
  const text = isJson ? undefined : readTextRecord(input.text).fields
  const read: Read = (field) => (text === undefined ? fieldOf(record, field) : text.get(field))
  const findings = createFindings()
  for (const model of MODEL_FIELDS) addModels(model, read, text !== undefined, findings)
  addPostProcessing(read, findings)
  return {
    format: 'easydiffusion',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: toGeneration({
      prompt: read('prompt'),
      negative_prompt: read('negative_prompt'),
      seed: read('seed'),
      steps: read('num_inference_steps'),
      sampler: read('sampler_name'),
      scheduler: read('scheduler_name'),
      cfg_scale: read('guidance_scale'),
      width: read('width'),
      height: read('height'),
      clip_skip: read('clip_skip'),
      software: 'Easy Diffusion',
    }),
    warnings: findings.warnings,
  }
}

/** Of these there can be several, and the text separates them by commas. */
const SEVERAL = new Set<DependencyType>(['lora', 'embedding', 'controlnet', 'text_encoder'])

function addModels({ field, type, weights }: ModelField, read: Read, isText: boolean, findings: Findings): void {
  const names = listOf(read(field), isText && SEVERAL.has(type))
  const strengths = weights === undefined ? [] : listOf(read(weights), true)
  for (const [index, name] of names.entries()) {
    const weight = toNumber(strengths[index])
    findings.add({
      type,
      ...readReference(name, at(field), findings),
      ...(weight === undefined ? {} : { weight, active: weight !== 0 }),
      evidence: [at(field)],
    })
  }
}

/** It fetches these itself when they are first used. */
function addPostProcessing(read: Read, findings: Findings): void {
  const upscale = read('use_upscale')
  if (typeof upscale === 'string' && !isOff(upscale))
    findings.add({ ...upscaler(upscale), optional: true, evidence: [at('use_upscale')] })
  const face = read('use_face_correction')
  if (typeof face === 'string' && !isOff(face))
    findings.add({ type: 'other', name: face, optional: true, evidence: [at('use_face_correction')] })
}

/** Trimmed first: a search for blanks at the end would start anew at each of them. */
const isOff = (text: string): boolean => /^(?:false|none|null|no)?$/i.test(text.trim())
