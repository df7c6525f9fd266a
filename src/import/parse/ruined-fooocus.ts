import { isJsonObject } from '../../lib/json.ts'
import { toGeneration } from '../generation.ts'
import { createFindings, TRUST } from '../mention.ts'
import { addRecord, firstOf, type RecordLayout } from './fooocus/record.ts'
import { fieldOf, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/** RuinedFooocus: a record that names its program. Hashes are of whole files; the oldest have eight digits (AutoV1). */
export const ruinedFooocus: PromptParser = { format: 'ruinedfooocus', fields: ['software'], detect, parse }

function detect(input: ParserInput): number {
  return textOf(fieldOf(input.json(), 'software'))?.trim().toLowerCase() === 'ruinedfooocus' ? 1 : 0
}

const LAYOUT: RecordLayout = {
  prefix: 'ruinedfooocus',
  models: [
    { type: 'checkpoint', names: ['base_model_name', 'base_model'], hashes: ['base_model_hash'] },
    { type: 'checkpoint', names: ['refiner_model_name', 'refiner_model'], hashes: ['refiner_model_hash'] },
    { type: 'vae', names: ['vae_name', 'vae'], hashes: ['vae_hash'] },
  ],
  prompts: ['Prompt', 'Negative', 'prompt', 'negative_prompt'],
}

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const record = isJsonObject(root) ? root : {}
  const findings = createFindings()
  addRecord(record, LAYOUT, findings)
  const first = (...fields: string[]): unknown => firstOf(record, fields)
  return {
    format: 'ruinedfooocus',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: toGeneration({
      prompt: first('Prompt', 'prompt'),
      negative_prompt: first('Negative', 'negative_prompt'),
      seed: first('seed'),
      steps: first('steps'),
      sampler: first('sampler_name', 'sampler'),
      scheduler: first('scheduler'),
      cfg_scale: first('cfg'),
      clip_skip: first('clip_skip'),
      width: first('width'),
      height: first('height'),
      software: 'RuinedFooocus',
      version: first('version'),
    }),
    warnings: findings.warnings,
  }
}
