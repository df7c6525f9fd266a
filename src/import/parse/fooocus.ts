import { isJsonObject } from '../../lib/json.ts'
import { type Generation, toGeneration } from '../generation.ts'
import { createFindings, TRUST } from '../mention.ts'
import { addRecord, firstOf, type RecordLayout, sizeOf } from './fooocus/record.ts'
import { fieldOf, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/**
 * Fooocus' own scheme: a JSON record of all settings. Its log has the same with the labels of the UI (`Base Model`)
 * in place of the names. What it calls its a1111 scheme is an infotext.
 */
export const fooocus: PromptParser = { format: 'fooocus', fields: ['base_model', 'Base Model'], detect, parse }

/** Beside `base_model`, which other formats have as well. */
const OWN_FIELDS = [
  'base_model_hash',
  'refiner_model',
  'performance',
  'sharpness',
  'adm_guidance',
  'guidance_scale',
  'refiner_swap_method',
  'full_prompt',
  'lora_combined_1',
]
const OWN_LABELS = ['Refiner Model', 'Performance', 'Sharpness', 'Guidance Scale', 'ADM Guidance', 'Refiner Switch']

function detect(input: ParserInput): number {
  const record = input.json()
  const has = (name: string): boolean => fieldOf(record, name) !== undefined
  if (textOf(fieldOf(record, 'software')) !== undefined) return 0 // a fork's
  if (textOf(fieldOf(record, 'base_model')) !== undefined) {
    if (fieldOf(record, 'metadata_scheme') === 'fooocus') return 1
    return OWN_FIELDS.filter(has).length >= 2 ? 0.95 : 0
  }
  return textOf(fieldOf(record, 'Base Model')) !== undefined && OWN_LABELS.filter(has).length >= 2 ? 0.9 : 0
}

const LAYOUT: RecordLayout = {
  prefix: 'fooocus',
  models: [
    { type: 'checkpoint', names: ['base_model', 'Base Model'], hashes: ['base_model_hash'] },
    { type: 'checkpoint', names: ['refiner_model', 'Refiner Model'], hashes: ['refiner_model_hash'] },
    { type: 'vae', names: ['vae', 'VAE'], hashes: ['vae_hash'] },
  ],
  prompts: ['prompt', 'negative_prompt', 'Prompt', 'Negative Prompt'],
}

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const record = isJsonObject(root) ? root : {}
  const findings = createFindings()
  addRecord(record, LAYOUT, findings)
  const first = (...fields: string[]): unknown => firstOf(record, fields)
  return {
    format: 'fooocus',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: toGeneration({
      prompt: first('prompt', 'Prompt'),
      negative_prompt: first('negative_prompt', 'Negative Prompt'),
      seed: first('seed', 'Seed'),
      steps: first('steps', 'Steps'),
      sampler: first('sampler', 'Sampler'),
      scheduler: first('scheduler', 'Scheduler'),
      cfg_scale: first('guidance_scale', 'Guidance Scale'),
      clip_skip: first('clip_skip', 'CLIP Skip'),
      ...sizeOf(first('resolution', 'Resolution')),
      ...software(textOf(first('version', 'Version'))),
    }),
    warnings: findings.warnings,
  }
}

/** `Fooocus v2.5.5`. */
function software(version: string | undefined): Pick<Generation, 'software' | 'version'> {
  const number = version?.replace(/^Fooocus\s*/i, '') ?? ''
  return { software: 'Fooocus', ...(number === '' ? {} : { version: number }) }
}
