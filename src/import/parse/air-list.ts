import { parseAir } from '../../air/air.ts'
import { findAirs } from '../../air/find-airs.ts'
import { isJsonObject, type JsonValue } from '../../lib/json.ts'
import { DEPENDENCY_TYPES, type DependencyType } from '../dependency.ts'
import { toNumber } from '../generation.ts'
import { typeOfResource } from '../known-names.ts'
import { createFindings, type Findings, TRUST } from '../mention.ts'
import { hasModelExtension } from '../model-name.ts'
import { readReference, typeOfAir } from '../reference.ts'
import { isZero, type Strengths, strengthsOf } from '../strengths.ts'
import { isModelLink } from './civitai-links.ts'
import { isDamagedJson } from './damaged-json.ts'
import { fieldOf, textOf } from './json.ts'
import type { ParsedSource, ParserInput, PromptParser } from './parser.ts'

/**
 * A list of models and nothing else: AIRs, `sha256:…`, `civitai:version:…`, links and names of files, one in a line or
 * as JSON. In any other text the AIRs alone count.
 */
export const airList: PromptParser = { format: 'air', detect, parse }

interface Entry extends Strengths {
  readonly reference: string
  readonly type?: DependencyType
  readonly active?: boolean
}

/** Longer lists are for a job each. */
const MAX_ENTRIES = 5000
const MAX_LINE = 2000

function detect(input: ParserInput): number {
  const entries = listIn(input)
  if (entries !== undefined) return entries.some(({ reference }) => isCertain(reference)) ? 0.92 : 0.5
  return /\burn:air:/i.test(input.text) && findAirs(input.text).length > 0 && !isDamagedJson(input) ? 0.25 : 0
}

/** A name alone may be a title, or anything. */
const isCertain = (reference: string): boolean =>
  parseAir(reference) !== undefined || /^(?:sha256|civitai:version):/i.test(reference)

/** Meant as one, and told as what it is not. */
const isBrokenAir = (text: string): boolean => /^urn:air:\S{1,1000}$/i.test(text) && parseAir(text) === undefined

/** A name with blanks in it could be the end of a sentence. */
const isReference = (text: string): boolean =>
  isCertain(text) ||
  isBrokenAir(text) ||
  isModelLink(text) ||
  (hasModelExtension(text) && /^(?!https?:)\S{1,500}$/i.test(text))

/** The entries of a list, none of which is anything else; undefined for other texts. */
function listIn(input: ParserInput): readonly Entry[] | undefined {
  const value = input.json()
  const entries =
    typeof value === 'object' && value !== null ? entriesInJson(value as JsonValue) : entriesInLines(input.text)
  return entries === undefined || entries.length === 0 ? undefined : entries
}

function entriesInJson(value: JsonValue): Entry[] | undefined {
  const list = LISTS.map((name) => fieldOf(value, name)).find(Array.isArray) ?? value
  if (!Array.isArray(list) || list.length > MAX_ENTRIES) return undefined
  const entries = list.map(toEntry)
  return entries.every((entry) => entry !== undefined) ? entries : undefined
}

const LISTS = ['airs', 'references', 'dependencies']

/** An entry is a text, or an object whose fields tell more: the answer of a dry run is a list, too. */
function toEntry(item: JsonValue): Entry | undefined {
  const text = isJsonObject(item) ? (textOf(fieldOf(item, 'air')) ?? textOf(fieldOf(item, 'reference'))) : textOf(item)
  const reference = text?.trim() ?? ''
  const told = textOf(fieldOf(item, 'type')) ?? ''
  const ours = DEPENDENCY_TYPES.find((type) => type === told)
  if (reference === '' || (ours === undefined && !isReference(reference))) return undefined
  const type = ours ?? typeOfResource(told)
  const weight = toNumber(fieldOf(item, 'weight')) ?? toNumber(fieldOf(item, 'strength'))
  return {
    reference,
    ...(type === 'other' ? {} : { type }),
    ...(weight === undefined ? {} : strengthsIn(item, weight)),
    ...(fieldOf(item, 'active') === false ? { active: false } : {}),
  }
}

function strengthsIn(item: JsonValue, weight: number): Partial<Entry> {
  const strengths = strengthsOf(weight, toNumber(fieldOf(item, 'unet_weight')), toNumber(fieldOf(item, 'clip_weight')))
  return { ...strengths, active: !isZero(strengths) }
}

/** Lines with or without a mark of lists before them and a comma behind them. */
function entriesInLines(text: string): Entry[] | undefined {
  const entries: Entry[] = []
  for (const line of text.split('\n', MAX_ENTRIES * 2)) {
    const reference = line
      .slice(0, MAX_LINE + 1)
      .trim()
      .replace(/^(?:[-*•]|\d{1,4}[.)])\s{1,9}/, '')
      .replace(/^["']|["']?,?$/g, '')
    if (reference === '' || reference.startsWith('#')) continue
    if (line.length > MAX_LINE || !isReference(reference) || entries.length >= MAX_ENTRIES) return undefined
    entries.push({ reference })
  }
  return entries
}

function parse(input: ParserInput): ParsedSource {
  const findings = createFindings()
  const entries = listIn(input)
  const found = entries ?? findAirs(input.text).map(({ text }) => ({ reference: text }))
  const seen = new Set<string>()
  for (const entry of found) {
    if (!seen.has(entry.reference)) addEntry(entry, findings)
    seen.add(entry.reference)
  }
  return {
    format: 'air',
    trust: entries === undefined ? TRUST.claim : TRUST.native,
    mentions: findings.mentions,
    generation: {},
    warnings: findings.warnings,
  }
}

function addEntry({ reference, type = typeOfAir(reference), ...strength }: Entry, findings: Findings): void {
  const place = 'air:list'
  if (isBrokenAir(reference)) {
    findings.warn(place, `${shortened(reference)} does not follow the rules of AIRs: urn:air:ecosystem:type:source:id`)
    return
  }
  findings.add({
    type,
    ...(type === 'other' ? { guessed: true } : {}),
    ...readReference(reference, place, findings),
    ...strength,
    evidence: [place],
  })
}

const shortened = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text)
