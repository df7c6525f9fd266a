import { toGeneration, toSize } from '../generation.ts'
import { createFindings, type Findings, type Mention, TRUST } from '../mention.ts'
import { hasModelExtension } from '../model-name.ts'
import { readReference } from '../reference.ts'
import { fieldOf, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/** What demo spaces on Hugging Face write: the arguments of their pipeline, and the model as words, repository or URL. */
export const huggingfaceSpace: PromptParser = { format: 'huggingface_space', fields: ['Model'], detect, parse }

const OWN_FIELDS = [
  'num_inference_steps',
  'guidance_scale',
  'resolution',
  'use_upscaler',
  'sdxl_style',
  'add_quality_tags',
]

/** Civitai's images have `Model` and its hash as well, beside these. */
const CIVITAI_FIELDS = ['cfgScale', 'resources', 'civitaiResources', 'hashes', 'Size', 'clipSkip']

function detect(input: ParserInput): number {
  const root = input.json()
  const count = (names: readonly string[]): number => names.filter((name) => fieldOf(root, name) !== undefined).length
  if (textOf(fieldOf(root, 'Model')) === undefined || textOf(fieldOf(root, 'prompt')) === undefined) return 0
  if (count(OWN_FIELDS) >= 2) return 0.95
  return textOf(fieldOf(root, 'Model hash')) !== undefined && count(CIVITAI_FIELDS) === 0 ? 0.9 : 0
}

const at = (field: string): string => `huggingface:${field}`

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const findings = createFindings()
  const model = textOf(fieldOf(root, 'Model'))?.trim() ?? ''
  const hashes = findings.hash(fieldOf(root, 'Model hash'), at('Model hash'))
  if (model !== '' || hashes.length > 0) {
    const evidence: Mention['evidence'] = [at('Model'), ...hashes.map(({ source }) => source)]
    findings.add({ type: 'checkpoint', ...readModel(model, findings), hashes, evidence })
  }
  return {
    format: 'huggingface_space',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: toGeneration({
      prompt: fieldOf(root, 'prompt'),
      negative_prompt: fieldOf(root, 'negative_prompt'),
      seed: fieldOf(root, 'seed'),
      steps: fieldOf(root, 'num_inference_steps') ?? fieldOf(root, 'steps'),
      sampler: fieldOf(root, 'sampler'),
      scheduler: fieldOf(root, 'scheduler'),
      cfg_scale: fieldOf(root, 'guidance_scale'),
      ...(toSize(textOf(fieldOf(root, 'resolution'))) ?? {
        width: fieldOf(root, 'width'),
        height: fieldOf(root, 'height'),
      }),
      software: 'Hugging Face Space',
    }),
    warnings: findings.warnings,
  }
}

const REPOSITORY = /^[A-Za-z0-9][\w.-]{0,95}\/[A-Za-z0-9][\w.-]{0,95}$/

type Read = Pick<Mention, 'name' | 'title' | 'hashes' | 'civitai' | 'air' | 'urls'>

/** A URL or an AIR as it is; a repository becomes its page; words are the title of a model, and no file is called so. */
function readModel(model: string, findings: Findings): Read {
  if (/^(?:https?:\/\/|urn:air:)/i.test(model)) return readReference(model, at('Model'), findings)
  if (hasModelExtension(model)) return readReference(model, at('Model'), findings)
  if (REPOSITORY.test(model)) return { title: model, urls: [`https://huggingface.co/${model}`] }
  return model === '' ? {} : { title: model }
}
