import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import type { MetadataText } from '../../media/container.ts'
import { type BoundedMentions, boundGeneration, boundMentions, boundWarnings } from '../bounds.ts'
import type { ExecutedGraph, UnknownNodes } from '../claims.ts'
import type { Dependency, ImportWarning } from '../dependency.ts'
import { type Generation, mergeGeneration } from '../generation.ts'
import { TRUST, type TrustedMention } from '../mention.ts'
import { mergeMentions } from '../merge.ts'
import { isDamagedJson } from './damaged-json.ts'
import { FORMATS } from './format-names.ts'
import { PARSERS } from './formats.ts'
import { hasOneOf } from './json.ts'
import { type NotUnderstood, nestedTooDeeply, notUnderstood } from './not-understood.ts'
import type { ParseContext, ParsedSource, ParserInput, PromptParser } from './parser.ts'
import { unwrap } from './unwrap.ts'

/** One text that was understood. */
export const parsedSourceSchema = v.object({ place: v.string(), format: v.string(), confidence: v.number() })

export interface ParsedPrompt {
  /** Of the program that made it, else of the most trusted source; `unknown` where nothing was understood. */
  readonly format: string
  /** 0 to 1: how sure the format is. */
  readonly confidence: number
  readonly sources: v.InferOutput<typeof parsedSourceSchema>[]
  readonly dependencies: Dependency[]
  readonly generation: Generation
  readonly warnings: ImportWarning[]
  /** Texts that are broken. */
  readonly damage: ImportWarning[]
}

export interface PromptInput {
  /** The texts of one file, or one text of a payload. */
  readonly texts: readonly MetadataText[]
  /** `auto`, or one of FORMATS. */
  readonly format: string
  readonly context?: ParseContext
}

/** Of one file: real ones have up to about ten, and a wrapper of many graphs a hundred. */
const MAX_INPUTS = 1000

/**
 * Says what a prompt needs and how its picture was made. All texts that are understood count, the most
 * trusted one first; a text that should hold a prompt and that no format knows is told as a warning.
 * Throws `invalid_input` for a format that does not exist, and never for what the texts hold.
 */
export function parsePrompt({ texts, format, context = {} }: PromptInput): ParsedPrompt {
  const parsers = parsersOf(format)
  const all = unwrap(texts)
  const inputs = all.slice(0, MAX_INPUTS)
  const chosen: Choice[] = []
  for (const input of inputs) {
    const choice = choose(input, parsers)
    if (choice !== undefined) chosen.push(choice)
  }
  const forced = format === 'auto' || chosen.length > 0 ? [] : force(inputs, parsers)
  const deep = new Map(inputs.map((input) => [input, nestedTooDeeply(input)]))
  const understood = [
    ...chosen
      .map((choice) => understand(choice, context))
      .filter((found) => deep.get(found.input) === undefined || givesSomething(found)),
    // What is read only because somebody said so has to give something.
    ...forced.map((choice) => understand(choice, context)).filter(givesSomething),
  ]
  const read = new Set(understood.map(({ input }) => input))
  const unread = inputs.flatMap((input) => (read.has(input) ? (deep.get(input) ?? []) : notUnderstood(input)))
  const parsed = unite(withClaims(understood), unread)
  const left = { place: 'file', reason: `texts after the first ${MAX_INPUTS} are left out` }
  const more = [
    ...forced.slice(0, 1).map(({ input }) => ({ place: input.place, reason: FORCED })),
    ...(all.length > MAX_INPUTS ? [left] : []),
  ]
  return more.length === 0 ? parsed : { ...parsed, warnings: boundWarnings([...parsed.warnings, ...more]) }
}

const FORCED = 'it does not look like the format that it was to be read as'

/** @throws AppError invalid_input for a format that is not known */
export function parsersOf(format: string): readonly PromptParser[] {
  const parsers = format === 'auto' ? PARSERS : PARSERS.filter((parser) => parser.format === format)
  if (parsers.length > 0) return parsers
  throw new AppError('invalid_input', 'Cannot read the prompt: this format is not known', {
    hint: `Use auto or one of: ${FORMATS.join(', ')}`,
  })
}

interface Choice {
  readonly input: ParserInput
  readonly parser: PromptParser
  readonly confidence: number
}

interface Understood extends Choice {
  readonly parsed: ParsedSource
}

const understand = (choice: Choice, context: ParseContext): Understood => ({
  ...choice,
  parsed: choice.parser.parse(choice.input, context),
})

const givesSomething = ({ parsed: { mentions, generation } }: Understood): boolean =>
  mentions.length > 0 || Object.keys(generation).some((field) => field !== 'software' && field !== 'version')

/** The parser that is surest of a text, if any is. */
function choose(input: ParserInput, parsers: readonly PromptParser[]): Choice | undefined {
  const value = input.json()
  let best: Choice | undefined
  for (const parser of parsers) {
    if (parser.fields !== undefined && !hasOneOf(value, parser.fields)) continue
    const confidence = parser.detect(input)
    if (confidence > (best?.confidence ?? 0)) best = { input, parser, confidence }
  }
  return best
}

/** A format that was asked for reads the longest text, even when it does not look like its own. */
function force(inputs: readonly ParserInput[], parsers: readonly PromptParser[]): Choice[] {
  const whole = inputs.filter((input) => !input.text.trimStart().startsWith('{') || !isDamagedJson(input))
  const longest = whole.sort((a, b) => b.text.length - a.text.length)[0]
  return longest === undefined ? [] : parsers.map((parser) => ({ input: longest, parser, confidence: 0 }))
}

/**
 * Who executes graphs writes no infotext of their own: beside one it is a saver's, unless it names its program. What
 * other programs keep in a record of their own they repeat in it.
 */
function withClaims(understood: readonly Understood[]): readonly Understood[] {
  if (!understood.some(({ parsed }) => parsed.trust === TRUST.executed)) return understood
  return understood.map((source) => {
    const { format, trust, generation } = source.parsed
    const isClaim = format === 'a1111' && trust === TRUST.native && generation.software === undefined
    return isClaim ? { ...source, parsed: { ...source.parsed, trust: TRUST.claim } } : source
  })
}

function unite(understood: readonly Understood[], unread: readonly NotUnderstood[]): ParsedPrompt {
  const ordered = [...understood].sort((a, b) => b.parsed.trust - a.parsed.trust || b.confidence - a.confidence)
  const all = gather(ordered)
  const bounded = boundMentions(all.mentions)
  const merged = mergeMentions(bounded.kept, graphOf(ordered, bounded), ordered.flatMap(unknownOf))
  const generation = boundGeneration(all.generation)
  const warnings = [
    ...all.warnings,
    ...merged.warnings,
    ...told(unread, false),
    ...generation.warnings,
    ...bounded.warnings,
  ]
  const main = ordered.find(isRecord) ?? ordered[0]
  return {
    format: main?.parsed.format ?? 'unknown',
    confidence: main?.confidence ?? 0,
    sources: ordered.filter(isFirstOfSource).map(({ input, parser, confidence }) => ({
      place: input.place,
      format: parser.format,
      confidence,
    })),
    dependencies: [...merged.dependencies],
    generation: withProgram(generation.generation, ordered),
    warnings: boundWarnings(warnings),
    damage: told(unread, true),
  }
}

/** How much of what was executed is understood. */
function graphOf(sources: readonly Understood[], { warnings }: BoundedMentions): ExecutedGraph | undefined {
  const executed = sources.filter(({ parsed }) => parsed.trust === TRUST.executed)
  if (executed.length === 0) return undefined
  return warnings.length === 0 && executed.every(({ parsed }) => parsed.isWhole === true) ? 'whole' : 'partly'
}

const unknownOf = ({ parsed: { unknown } }: Understood): UnknownNodes[] => (unknown === undefined ? [] : [unknown])

/** What the sources say one after the other. */
function gather(ordered: readonly Understood[]): Omit<ParsedSource, 'format' | 'trust'> {
  const mentions: TrustedMention[] = []
  const warnings: ImportWarning[] = []
  let generation: Generation = {}
  for (const { parsed } of ordered) {
    for (const mention of parsed.mentions) mentions.push({ ...mention, trust: mention.trust ?? parsed.trust })
    for (const warning of parsed.warnings) warnings.push(warning)
    generation = mergeGeneration(generation, parsed.generation)
  }
  return { mentions, generation, warnings }
}

/** Two parsers may share a format, and both read a text that was to be read in it. */
const isFirstOfSource = ({ input, parser }: Understood, at: number, all: readonly Understood[]): boolean =>
  all.findIndex((other) => other.input === input && other.parser.format === parser.format) === at

/**
 * The record of a program that has a format of its own: a graph beside it was executed on its behalf. An infotext is
 * none, since savers write it in the name of others.
 */
const isRecord = ({ parsed }: Understood): boolean =>
  parsed.trust === TRUST.native && parsed.format !== 'a1111' && parsed.generation.software !== undefined

/** A graph is ComfyUI's, whoever had it executed: a program that wrote a record of its own beside it made the picture. */
function withProgram(generation: Generation, sources: readonly Understood[]): Generation {
  if (generation.software !== 'ComfyUI') return generation
  const native = sources.filter(({ parsed }) => parsed.trust === TRUST.native).map(({ parsed }) => parsed.generation)
  const { software, version } = native.find((each) => each.software !== undefined) ?? {}
  if (software === undefined) return generation
  return { ...generation, software, ...(version === undefined ? {} : { version }) }
}

const told = (unread: readonly NotUnderstood[], wanted: boolean): ImportWarning[] =>
  unread.filter(({ damaged }) => damaged === wanted).map(({ place, reason }) => ({ place, reason }))
