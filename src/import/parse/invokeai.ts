import { type Generation, toGeneration } from '../generation.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { addGraph, addWorkflow, looksLikeGraph, looksLikeWorkflow } from './invokeai/graph.ts'
import { looksLikeDream, readDream, readSdMetadata } from './invokeai/legacy.ts'
import { addModelsIn } from './invokeai/models-in.ts'
import { addPromptNames } from './invokeai/prompt-names.ts'
import { entriesOf, fieldOf, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/**
 * InvokeAI: `invokeai_metadata`, `invokeai_graph` and `invokeai_workflow` since version 3, `sd-metadata` of version 2
 * and the command line `Dream` before it. Models are known by InvokeAI's own names for them, and by a BLAKE3.
 */
export const invokeai: PromptParser = { format: 'invokeai', detect, parse }

type Part = 'metadata' | 'graph' | 'workflow' | 'sd-metadata' | 'dream'

const KEYS: ReadonlyMap<string, Part> = new Map([
  ['invokeai_metadata', 'metadata'],
  ['invokeai_graph', 'graph'],
  ['invokeai_workflow', 'workflow'],
  ['sd-metadata', 'sd-metadata'],
  ['dream', 'dream'],
])

function detect(input: ParserInput): number {
  const part = KEYS.get(input.key.toLowerCase())
  if (part === 'dream') return 0.9
  const value = input.json()
  if (part !== undefined) return entriesOf(value).length > 0 ? 1 : 0
  if (looksLikeGraph(value) || looksLikeWorkflow(value)) return 0.97
  if (looksLikeSdMetadata(value)) return 0.95
  if (looksLikeMetadata(value)) return 0.9
  return looksLikeDream(input.text) ? 0.6 : 0
}

const looksLikeSdMetadata = (value: unknown): boolean =>
  textOf(fieldOf(value, 'model_weights')) !== undefined && fieldOf(value, 'image') !== undefined

function looksLikeMetadata(value: unknown): boolean {
  if (textOf(fieldOf(value, 'positive_prompt')) === undefined) return false
  const model = fieldOf(value, 'model')
  return [fieldOf(model, 'base'), fieldOf(model, 'base_model'), fieldOf(value, 'generation_mode')].some(
    (field) => textOf(field) !== undefined,
  )
}

function partOf(input: ParserInput): Part {
  const value = input.json()
  if (looksLikeGraph(value)) return 'graph'
  if (looksLikeWorkflow(value)) return 'workflow'
  if (looksLikeSdMetadata(value)) return 'sd-metadata'
  return KEYS.get(input.key.toLowerCase()) ?? (entriesOf(value).length > 0 ? 'metadata' : 'dream')
}

const TRUST_OF: Readonly<Record<Part, number>> = {
  metadata: TRUST.native,
  graph: TRUST.executed,
  workflow: TRUST.editor,
  'sd-metadata': TRUST.native,
  dream: TRUST.native,
}

function parse(input: ParserInput): ParsedSource {
  const part = partOf(input)
  const findings = createFindings()
  const generation = readPart(part, input, findings)
  return {
    format: 'invokeai',
    trust: TRUST_OF[part],
    mentions: findings.mentions,
    generation,
    warnings: findings.warnings,
  }
}

function readPart(part: Part, input: ParserInput, findings: Findings): Generation {
  const value = input.json()
  if (part === 'sd-metadata') return readSdMetadata(value, findings)
  if (part === 'dream') return readDream(input.text, findings)
  if (part === 'metadata') return readMetadata(value, findings)
  if (part === 'graph') addGraph(value, findings)
  else addWorkflow(value, findings)
  return { software: 'InvokeAI' }
}

const PROMPT_FIELDS = ['positive_prompt', 'negative_prompt', 'positive_style_prompt', 'negative_style_prompt']

function readMetadata(root: unknown, findings: Findings): Generation {
  for (const [field, value] of entriesOf(root)) addModelsIn(value, field, `invokeai:${field.slice(0, 60)}`, findings)
  for (const field of PROMPT_FIELDS) {
    addPromptNames(textOf(fieldOf(root, field)) ?? '', `invokeai:${field}`, findings)
  }
  return toGeneration({
    prompt: fieldOf(root, 'positive_prompt'),
    negative_prompt: fieldOf(root, 'negative_prompt'),
    seed: fieldOf(root, 'seed'),
    steps: fieldOf(root, 'steps'),
    scheduler: fieldOf(root, 'scheduler'),
    cfg_scale: fieldOf(root, 'cfg_scale') ?? fieldOf(root, 'guidance'),
    width: fieldOf(root, 'width'),
    height: fieldOf(root, 'height'),
    clip_skip: fieldOf(root, 'clip_skip'),
    software: 'InvokeAI',
    version: fieldOf(root, 'app_version'),
  })
}
