import { type Generation, toGeneration, toSize } from '../generation.ts'
import { createFindings, type Findings, type Mention, TRUST } from '../mention.ts'
import { addExtensions, furtherPrompts } from './infotext/extensions.ts'
import { addBaseModels, at, mainModel } from './infotext/main-model.ts'
import { addNetworks } from './infotext/networks.ts'
import { createPairTable, type PairTable } from './infotext/pair-table.ts'
import { addRecipes, civitaiResources } from './infotext/resources.ts'
import { softwareOf } from './infotext/software.ts'
import { type InfotextParts, splitInfotext, splitPrompts } from './infotext/split.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { A1111_TAGS, addTags, readTags } from './prompt-tags.ts'

/**
 * The text that A1111 and its relatives write into pictures: prompt, `Negative prompt:`, and a line of
 * `Steps: 20, Sampler: …`. Forge, reForge, SD.Next, Fooocus' a1111 scheme, Civitai's generator,
 * StabilityMatrix and the savers of ComfyUI write dialects of it.
 */
export const infotext: PromptParser = { format: 'a1111', detect, parse }

function detect(input: ParserInput): number {
  const json = input.json()
  if (typeof json === 'object' && json !== null) return 0
  const parts = splitInfotext(input.text)
  if (parts !== undefined) return parts.pairs.length >= 3 ? 0.95 : 0.7
  if (/(?:^|\n)Negative prompt:/.test(input.text)) return 0.5
  if (readTags(input.text).some(({ kind }) => A1111_TAGS.has(kind))) return 0.4
  return input.key.toLowerCase() === 'parameters' && input.text.trim() !== '' ? 0.2 : 0
}

function parse(input: ParserInput): ParsedSource {
  const parts = splitInfotext(input.text) ?? { ...splitPrompts(input.text, false), pairs: [], trailing: [] }
  const table = createPairTable(parts.pairs)
  const findings = createFindings()
  const resources = civitaiResources(table, findings)
  addMainModel(table, resources, findings)
  addBaseModels(table, findings)
  addTags(parts.prompt, at('prompt'), A1111_TAGS, findings)
  addTags(parts.negative, at('negative prompt'), A1111_TAGS, findings)
  for (const { key, value } of furtherPrompts(table)) addTags(value, at(key), A1111_TAGS, findings)
  addNetworks(table, findings)
  for (const resource of resources) findings.add(resource)
  addRecipes(table, findings)
  addExtensions(table, findings)
  warnOfRest(parts, findings)
  const generation = readGeneration(parts, table)
  return {
    format: 'a1111',
    trust: generation.software === 'ComfyUI' ? TRUST.claim : TRUST.native,
    mentions: findings.mentions,
    generation,
    warnings: findings.warnings,
  }
}

/** A single checkpoint among Civitai's resources is the one that `Model` names, though nothing says so. */
function addMainModel(table: PairTable, resources: readonly Mention[], findings: Findings): void {
  const main = mainModel(table, findings)
  if (main === undefined) return
  const versions = new Set(resources.filter(isCheckpoint).map(({ civitai, air }) => civitai?.version_id ?? air))
  const same = versions.size === 1 ? resources.find(isCheckpoint) : undefined
  if (same === undefined) findings.add(main)
  else findings.add({ ...same, ...main, evidence: [...main.evidence, ...same.evidence] })
}

const isCheckpoint = ({ type }: Mention): boolean => type === 'checkpoint'

function warnOfRest({ trailing }: InfotextParts, findings: Findings): void {
  for (const { heading } of trailing) {
    if (heading === '' || heading.toLowerCase() === 'resources')
      findings.warn('infotext', 'the lines below the parameters are not understood')
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
    ...toSize(table.first('Size') ?? table.first('Resolution')),
    ...softwareOf(table),
  })
}
