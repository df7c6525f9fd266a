import { findParameters, isKnownKey } from './find-parameters.ts'
import { type Pair, scanBudget, scanPairs } from './pairs.ts'

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

/** Headings of what may stand below the parameters line; templates hold alternatives, not what was used. */
const TRAILING_HEADINGS = new Set([
  'template',
  'negative template',
  'resources',
  'hashed prompt',
  'hashed negative prompt',
])

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

/** The pairs of the parameters line, and what stands below it: more pairs, or texts under a heading. */
function readBelow(text: string, at: number): { pairs: readonly Pair[]; trailing: TrailingText[] } {
  const budget = scanBudget(text)
  const first = scanPairs(text, at, budget)
  const pairs = [...first.pairs]
  const trailing: { heading: string; lines: string[] }[] = []
  let next = first.end + 1
  while (next <= text.length && next > 0) {
    const lineEnd = text.indexOf('\n', next)
    const end = lineEnd < 0 ? text.length : lineEnd
    const line = text.slice(next, end)
    const heading = line.slice(0, Math.max(0, line.indexOf(':'))).trim()
    if (isKnownKey(heading)) {
      const more = scanPairs(text, next, budget)
      for (const pair of more.pairs) pairs.push(pair)
      next = more.end + 1
      continue
    }
    const begins = TRAILING_HEADINGS.has(heading.toLowerCase())
    if (begins) trailing.push({ heading, lines: [line.slice(line.indexOf(':') + 1)] })
    else if (trailing.length > 0) trailing.at(-1)?.lines.push(line)
    else if (line.trim() !== '') trailing.push({ heading: '', lines: [line] })
    next = end + 1
  }
  return { pairs, trailing: trailing.map(({ heading, lines }) => ({ heading, text: lines.join('\n').trim() })) }
}
