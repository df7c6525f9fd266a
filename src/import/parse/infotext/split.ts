import { findParameters, isKnownKey } from './find-parameters.ts'
import { type Pair, type ScanBudget, scanBudget, scanPairs } from './pairs.ts'

/** Text behind the parameters line, under its heading: `Template`, `Hashed prompt`; `''` where there is none. */
export interface TrailingText {
  readonly heading: string
  readonly text: string
}

export interface InfotextParts {
  readonly prompt: string
  readonly negative: string
  readonly pairs: readonly Pair[]
  readonly trailing: readonly TrailingText[]
}

/** Takes an infotext apart; undefined where there is no parameters line. */
export function splitInfotext(source: string): InfotextParts | undefined {
  const text = source.replace(/\r\n?/g, '\n')
  const found = findParameters(text)
  if (found === undefined) return undefined
  const { pairs, trailing } = readBelow(text, found.at)
  return { ...splitPrompts(text.slice(0, found.headEnd), found.jammed), pairs, trailing }
}

/** The two prompts of what stands above the parameters line. `jammed`: line breaks were lost. */
export function splitPrompts(head: string, jammed: boolean): { prompt: string; negative: string } {
  const text = head.replace(/^\s{0,100}parameters\s{0,10}(?::|\n)/i, '')
  const marker = 'Negative prompt:'
  const atStart = text.startsWith(marker) ? 0 : text.indexOf(`\n${marker}`)
  const at = atStart < 0 && jammed ? text.indexOf(marker) : atStart
  if (at < 0) return { prompt: text.trim(), negative: '' }
  return { prompt: text.slice(0, at).trim(), negative: text.slice(text.indexOf(':', at) + 1).trim() }
}

/** Headings of what may stand below the parameters line; templates hold alternatives, not what was used. */
const TEXT_HEADINGS = new Set(['template', 'negative template', 'resources', 'hashed prompt', 'hashed negative prompt'])

/** Keys whose JSON tools append to whatever stands last, a template included. */
const JSON_LINE = /^\s*(?:Recipe metadata|Civitai resources|Civitai metadata|Hashes|Resources)\s{0,10}:\s{0,10}[[{]/i
const APPENDED_JSON = ', Hashes: {'

interface Below {
  readonly pairs: Pair[]
  readonly trailing: { heading: string; lines: string[] }[]
  readonly budget: ScanBudget
}

/** The pairs of the parameters line, and what stands below it: more pairs, or texts under a heading. */
function readBelow(text: string, at: number): { pairs: readonly Pair[]; trailing: TrailingText[] } {
  const below: Below = { pairs: [], trailing: [], budget: scanBudget(text) }
  let next = scanInto(below, text, at)
  while (next <= text.length) next = readLine(below, text, next)
  return {
    pairs: below.pairs,
    trailing: below.trailing.map(({ heading, lines }) => ({ heading, text: lines.join('\n').trim() })),
  }
}

/** Where the next line begins. */
function scanInto({ pairs, budget }: Below, text: string, at: number): number {
  const scan = scanPairs(text, at, budget)
  for (const pair of scan.pairs) pairs.push(pair)
  return scan.end + 1
}

function readLine(below: Below, text: string, start: number): number {
  const { trailing } = below
  const lineEnd = text.indexOf('\n', start)
  const end = lineEnd < 0 ? text.length : lineEnd
  const line = text.slice(start, end)
  const heading = line.slice(0, Math.max(0, line.indexOf(':'))).trim()
  const open = trailing.at(-1)
  const insideText = open !== undefined && open.heading !== ''
  if (JSON_LINE.test(line.slice(0, 100)) || (!insideText && isKnownKey(heading))) return scanInto(below, text, start)
  const appended = line.lastIndexOf(APPENDED_JSON)
  const own = appended < 0 ? line : line.slice(0, appended)
  if (TEXT_HEADINGS.has(heading.toLowerCase())) trailing.push({ heading, lines: [own.slice(own.indexOf(':') + 1)] })
  else if (open !== undefined) open.lines.push(own)
  else if (own.trim() !== '') trailing.push({ heading: '', lines: [own] })
  return appended < 0 ? end + 1 : scanInto(below, text, start + appended)
}
