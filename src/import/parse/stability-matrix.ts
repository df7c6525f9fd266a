import { type Generation, toGeneration } from '../generation.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { civitaiIds, readReference } from '../reference.ts'
import { fieldOf, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { addTags } from './prompt-tags.ts'
import { at, MATRIX_TAGS } from './stability-matrix/place.ts'
import { addProject, projectGeneration } from './stability-matrix/project.ts'

const OWN_FIELDS = ['ModelName', 'ModelHash', 'PositivePrompt', 'CfgScale', 'ModelVersionId']

/**
 * StabilityMatrix: what it made a picture with (`parameters-json`), and the project in its editor (`smproj`, also a
 * file of its own). The infotext and the graph that it writes beside them have parsers of their own.
 */
export const stabilityMatrix: PromptParser = {
  format: 'stabilitymatrix',
  fields: ['ProjectType', ...OWN_FIELDS],
  detect,
  parse,
}

function detect(input: ParserInput): number {
  const root = input.json()
  const has = (name: string): boolean => fieldOf(root, name) !== undefined
  if (has('ProjectType') && has('State')) return 1
  const own = OWN_FIELDS.filter(has).length
  return own >= 3 ? 0.95 : own === 2 && input.key === 'parameters-json' ? 0.9 : 0
}

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const state = fieldOf(root, 'State')
  const findings = createFindings()
  if (state === undefined) addParameters(root, findings)
  else addProject(state, findings)
  return {
    format: 'stabilitymatrix',
    trust: state === undefined ? TRUST.native : TRUST.editor,
    mentions: findings.mentions,
    generation: state === undefined ? readGeneration(root) : projectGeneration(state),
    warnings: findings.warnings,
  }
}

function addParameters(root: unknown, findings: Findings): void {
  const name = textOf(fieldOf(root, 'ModelName'))
  const civitai = civitaiIds(undefined, fieldOf(root, 'ModelVersionId'))
  const read = name === undefined ? {} : readReference(name, at('ModelName'), findings)
  const hashes = [...(read.hashes ?? []), ...findings.hash(fieldOf(root, 'ModelHash'), at('ModelHash'))]
  const places = [
    ...(name === undefined ? [] : [at('ModelName')]),
    ...hashes.map(({ source }) => source),
    ...(civitai === undefined ? [] : [at('ModelVersionId')]),
  ]
  const [first, ...others] = new Set(places)
  const ids = civitai === undefined ? {} : { civitai }
  if (first !== undefined) findings.add({ type: 'checkpoint', ...read, hashes, ...ids, evidence: [first, ...others] })
  for (const field of ['PositivePrompt', 'NegativePrompt']) {
    addTags(textOf(fieldOf(root, field)) ?? '', at(field), MATRIX_TAGS, findings)
  }
  const field = 'ExtraNetworkModelVersionIds'
  const versions = fieldOf(root, field)
  for (const id of Array.isArray(versions) ? versions.slice(0, 200) : []) {
    const lora = civitaiIds(undefined, id)
    if (lora !== undefined) findings.add({ type: 'lora', civitai: lora, evidence: [at(field)] })
  }
}

const readGeneration = (root: unknown): Generation =>
  toGeneration({
    prompt: fieldOf(root, 'PositivePrompt'),
    negative_prompt: fieldOf(root, 'NegativePrompt'),
    seed: fieldOf(root, 'Seed'),
    steps: fieldOf(root, 'Steps'),
    sampler: fieldOf(root, 'Sampler'),
    cfg_scale: fieldOf(root, 'CfgScale'),
    width: fieldOf(root, 'Width'),
    height: fieldOf(root, 'Height'),
    software: 'StabilityMatrix',
  })
