import { toGeneration, toSize } from '../generation.ts'
import { createFindings, TRUST } from '../mention.ts'
import { fieldOf, objectsIn, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { A1111_TAGS, addTags } from './prompt-tags.ts'
import { addRecipe } from './recipe-entries.ts'

/** A `.recipe.json` of ComfyUI-Lora-Manager: LoRAs and a checkpoint with their SHA-256 and their ids at Civitai. */
export const loraManager: PromptParser = { format: 'lora_manager', fields: ['loras', 'checkpoint'], detect, parse }

const OWN_FIELDS = ['gen_params', 'fingerprint', 'source_path', 'base_model', 'title']

function detect(input: ParserInput): number {
  const root = input.json()
  const loras = fieldOf(root, 'loras')
  const entries = [...objectsIn(loras), ...objectsIn([fieldOf(root, 'checkpoint') ?? null])]
  const isEntry = entries.some((entry) =>
    ['file_name', 'modelVersionId', 'modelVersionName'].some((field) => fieldOf(entry, field) !== undefined),
  )
  const own = OWN_FIELDS.filter((field) => fieldOf(root, field) !== undefined).length
  if (isEntry) return own >= 2 ? 0.97 : 0.85
  return Array.isArray(loras) && own >= 4 ? 0.9 : 0
}

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const made = fieldOf(root, 'gen_params')
  const findings = createFindings()
  addRecipe(root, 'lora_manager:recipe', findings)
  for (const field of ['prompt', 'negative_prompt']) {
    addTags(textOf(fieldOf(made, field)) ?? '', `lora_manager:gen_params.${field}`, A1111_TAGS, findings)
  }
  return {
    format: 'lora_manager',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: toGeneration({
      prompt: fieldOf(made, 'prompt'),
      negative_prompt: fieldOf(made, 'negative_prompt'),
      seed: fieldOf(made, 'seed'),
      steps: fieldOf(made, 'steps'),
      sampler: fieldOf(made, 'sampler'),
      scheduler: fieldOf(made, 'scheduler'),
      cfg_scale: fieldOf(made, 'cfg_scale') ?? fieldOf(made, 'guidance'),
      ...toSize(textOf(fieldOf(made, 'size'))),
      clip_skip: fieldOf(made, 'clip_skip'),
    }),
    warnings: findings.warnings,
  }
}
