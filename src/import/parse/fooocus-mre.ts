import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { toGeneration, toNumber } from '../generation.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { readReference } from '../reference.ts'
import { addRecord, firstOf, type RecordLayout, sizeOf } from './fooocus/record.ts'
import { fieldOf, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/** Fooocus-MRE: a record of its own in `Comment` of PNG and the comment of JPEG. */
export const fooocusMre: PromptParser = { format: 'fooocus_mre', fields: ['software'], detect, parse }

function detect(input: ParserInput): number {
  const record = input.json()
  const software = textOf(fieldOf(record, 'software'))
  const model = ['base_model', 'base_model_name', 'base_model_file'].some((name) => fieldOf(record, name) !== undefined)
  return model && software !== undefined && /^Fooocus\b/i.test(software) ? 0.97 : 0
}

const LAYOUT: RecordLayout = {
  prefix: 'fooocus_mre',
  models: [
    {
      type: 'checkpoint',
      names: ['base_model_file', 'base_model', 'base_model_name'],
      hashes: ['base_model_hash'],
    },
    {
      type: 'checkpoint',
      names: ['refiner_model_file', 'refiner_model', 'refiner_model_name'],
      hashes: ['refiner_model_hash'],
    },
  ],
  prompts: ['prompt', 'negative_prompt'],
}

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const record = isJsonObject(root) ? root : {}
  const findings = createFindings()
  addRecord(record, LAYOUT, findings)
  for (const kind of ['canny', 'depth']) addControl(record, kind, findings)
  const first = (...fields: string[]): unknown => firstOf(record, fields)
  const software = textOf(fieldOf(record, 'software')) ?? ''
  return {
    format: 'fooocus_mre',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: toGeneration({
      prompt: first('prompt', 'real_prompt', 'p_txt'),
      negative_prompt: first('negative_prompt', 'real_negative_prompt', 'n_txt'),
      seed: first('seed'),
      steps: first('steps'),
      sampler: first('sampler', 'sampler_name'),
      scheduler: first('scheduler'),
      cfg_scale: first('cfg', 'guidance_scale'),
      clip_skip: clipSkip(first('base_clip_skip', 'clip_skip')),
      width: first('width'),
      height: first('height'),
      ...sizeOf(first('resolution')),
      software: /\bMRE\b/i.test(software) ? 'Fooocus-MRE' : 'Fooocus',
      // `Fooocus 2.0.93 MRE`
      version: /\d{1,5}(?:\.\d{1,5}){1,5}/.exec(software)?.[0],
    }),
    warnings: findings.warnings,
  }
}

/** `canny_model` with its strength, where `control_lora_canny` is on. */
function addControl(record: JsonObject, kind: string, findings: Findings): void {
  const name = textOf(fieldOf(record, `${kind}_model`))
  if (name === undefined) return
  const place = `fooocus_mre:${kind}_model`
  const weight = toNumber(fieldOf(record, `${kind}_strength`))
  findings.add({
    type: 'controlnet',
    ...readReference(name, place, findings),
    ...(weight === undefined ? {} : { weight }),
    active: fieldOf(record, `control_lora_${kind}`) !== false && weight !== 0,
    evidence: [place],
  })
}

/** It counts layers from the end: -2 is what others call 2. */
const clipSkip = (value: unknown): unknown => (typeof value === 'number' ? Math.abs(value) : value)
