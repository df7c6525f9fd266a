import { type Generation, toGeneration } from '../generation.ts'
import { createFindings, TRUST } from '../mention.ts'
import { fieldOf, objectsIn, parseJson, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/**
 * NovelAI, whose models run on its own servers: `{Title?, Description?, Software, Source, Comment}`, where `Source`
 * tells the model and `Comment` holds all else as JSON.
 */
export const novelai: PromptParser = {
  format: 'novelai',
  fields: ['Software', 'Source', 'v4_prompt', 'uc'],
  detect,
  parse,
}

const HOSTED = "It runs on NovelAI's servers: no file is needed"

function detect(input: ParserInput): number {
  const root = input.json()
  if (textOf(fieldOf(root, 'Software'))?.trim() === 'NovelAI') return 1
  if (/^NovelAI\b/.test(textOf(fieldOf(root, 'Source')) ?? '')) return 0.95
  return looksLikeComment(root) ? 0.9 : 0
}

const looksLikeComment = (value: unknown): boolean =>
  fieldOf(fieldOf(value, 'v4_prompt'), 'caption') !== undefined ||
  (textOf(fieldOf(value, 'uc')) !== undefined && textOf(fieldOf(value, 'signed_hash')) !== undefined)

function parse(input: ParserInput): ParsedSource {
  const root = input.json()
  const findings = createFindings()
  const source = textOf(fieldOf(root, 'Source'))?.trim() ?? ''
  findings.add({
    type: 'checkpoint',
    title: modelIn(source),
    skip: HOSTED,
    evidence: [source === '' ? 'novelai:Comment' : 'novelai:Source'],
  })
  const comment = looksLikeComment(root) ? root : commentIn(fieldOf(root, 'Comment'))
  if (comment === undefined) findings.warn('novelai:Comment', 'this is not JSON, or it is cut off')
  return {
    format: 'novelai',
    trust: TRUST.native,
    mentions: findings.mentions,
    generation: readGeneration(comment, root, source),
    warnings: findings.warnings,
  }
}

/** `NovelAI Diffusion V4.5 4BDE2A90`: what looks like a hash is an id of its own, which finds other models elsewhere. */
const modelIn = (source: string): string => source.replace(/\s[0-9A-F]{8}$/i, '').trimEnd() || 'NovelAI Diffusion'

const commentIn = (value: unknown): unknown => {
  const text = textOf(value)
  return text === undefined ? value : parseJson(text)
}

function readGeneration(comment: unknown, root: unknown, source: string): Generation {
  return toGeneration({
    prompt: promptIn(fieldOf(comment, 'v4_prompt')) ?? fieldOf(comment, 'prompt') ?? fieldOf(root, 'Description'),
    negative_prompt: promptIn(fieldOf(comment, 'v4_negative_prompt')) ?? fieldOf(comment, 'uc'),
    seed: fieldOf(comment, 'seed'),
    steps: fieldOf(comment, 'steps'),
    sampler: fieldOf(comment, 'sampler'),
    scheduler: fieldOf(comment, 'noise_schedule'),
    cfg_scale: fieldOf(comment, 'scale'),
    width: fieldOf(comment, 'width'),
    height: fieldOf(comment, 'height'),
    software: 'NovelAI',
    version: source,
  })
}

/** A caption of the whole picture, and those of its figures, joined as older versions wrote several prompts. */
function promptIn(prompt: unknown): string | undefined {
  const caption = fieldOf(prompt, 'caption')
  const figures = objectsIn(fieldOf(caption, 'char_captions')).map((figure) => textOf(fieldOf(figure, 'char_caption')))
  const parts = [textOf(fieldOf(caption, 'base_caption')), ...figures].filter(
    (part) => part !== undefined && part !== '',
  )
  return parts.length === 0 ? undefined : parts.join(' | ')
}
