import { type Generation, toGeneration, toSize } from '../generation.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { addModels } from './infotext/models.ts'
import { createPairTable, type PairTable } from './infotext/pair-table.ts'
import { at } from './infotext/place.ts'
import { isOfComfySaver, softwareOf } from './infotext/software.ts'
import { type InfotextParts, splitInfotext, splitPrompts } from './infotext/split.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { A1111_TAGS, readTags } from './prompt-tags.ts'

/**
 * The text that A1111 and its relatives write into pictures: prompt, `Negative prompt:`, and a line of
 * `Steps: 20, Sampler: …`. Forge, reForge, SD.Next, Fooocus' a1111 scheme, Civitai's generator,
 * StabilityMatrix and the savers of ComfyUI write dialects of it.
 */
export const infotext: PromptParser = {
  format: 'a1111',
  detect,
  parse: (input) => readParts(partsOf(input) ?? promptAlone(input.text)),
}

/** Kept from when it was asked whose the text is until it is read. */
const knownParts = new WeakMap<ParserInput, { readonly parts: InfotextParts | undefined }>()

function partsOf(input: ParserInput): InfotextParts | undefined {
  const known = knownParts.get(input)
  if (known !== undefined) return known.parts
  const parts = splitInfotext(input.text)
  knownParts.set(input, { parts })
  return parts
}

function detect(input: ParserInput): number {
  const json = input.json()
  if (typeof json === 'object' && json !== null) return 0
  const parts = partsOf(input)
  if (parts !== undefined) return parts.pairs.length >= 3 ? 0.95 : 0.7
  if (/(?:^|\n)Negative prompt:/.test(input.text)) return 0.5
  if (readTags(input.text).some(({ kind }) => A1111_TAGS.has(kind))) return 0.4
  return input.key.toLowerCase() === 'parameters' && input.text.trim() !== '' ? 0.2 : 0
}

/** Reads an infotext wherever it stands; a text without parameters is a prompt. */
export const parseInfotext = (text: string): ParsedSource => readParts(splitInfotext(text) ?? promptAlone(text))

const promptAlone = (text: string): InfotextParts => ({ ...splitPrompts(text, false), pairs: [], trailing: [] })

function readParts(parts: InfotextParts): ParsedSource {
  const table = createPairTable(parts.pairs)
  const findings = createFindings()
  const prompts = [
    { place: at('prompt'), text: parts.prompt },
    { place: at('negative prompt'), text: parts.negative },
  ]
  addModels(table, prompts, findings)
  warnOfRest(parts, findings)
  return {
    format: 'a1111',
    trust: isOfComfySaver(table) ? TRUST.claim : TRUST.native,
    mentions: findings.mentions,
    generation: readGeneration(parts, table),
    warnings: findings.warnings,
  }
}

function warnOfRest({ trailing }: InfotextParts, findings: Findings): void {
  for (const { heading } of trailing) {
    if (heading === '') findings.warn('infotext', 'the lines below the parameters are not understood')
  }
}

function readGeneration(parts: InfotextParts, table: PairTable): Generation {
  return toGeneration({
    prompt: parts.prompt,
    negative_prompt: parts.negative,
    seed: table.first('Seed'),
    steps: table.first('Steps'),
    sampler: table.first('Sampler'),
    scheduler: table.first('Schedule type') ?? table.first('Scheduler'),
    cfg_scale: table.first('CFG scale') ?? table.first('Guidance Scale'),
    clip_skip: table.first('Clip skip'),
    ...(toSize(table.first('Size') ?? table.first('Resolution')) ?? {
      width: table.first('Width'),
      height: table.first('Height'),
    }),
    ...softwareOf(table),
  })
}
