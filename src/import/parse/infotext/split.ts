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

/** Keys that A1111 and its relatives write; enough of them on one line make it the parameters line. */
const KNOWN_KEYS = new Set([
  'steps',
  'sampler',
  'schedule type',
  'scheduler',
  'cfg scale',
  'distilled cfg scale',
  'seed',
  'size',
  'model',
  'model hash',
  'vae',
  'vae hash',
  'clip skip',
  'denoising strength',
  'version',
  'lora hashes',
  'ti hashes',
  'hashes',
  'created date',
  'civitai resources',
  'civitai metadata',
  'recipe metadata',
  'app',
  'performance',
])

/** Headings of what may stand below the parameters line; templates hold alternatives, not what was used. */
const TRAILING_HEADINGS = new Set([
  'template',
  'negative template',
  'resources',
  'hashed prompt',
  'hashed negative prompt',
])

/** How many keys on the line at `start` are known ones. */
export function countKnownKeys(text: string, start: number): number {
  const lineEnd = text.indexOf('\n', start)
  const line = lineEnd < 0 ? text.slice(start) : text.slice(start, lineEnd)
  return new Set(
    scanPairs(line, 0)
      .pairs.map(({ key }) => key.toLowerCase())
      .filter((key) => KNOWN_KEYS.has(key)),
  ).size
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

interface Found {
  /** Where `Steps:` (or the line's first key) begins. */
  readonly at: number
  /** Where the prompts end. */
  readonly headEnd: number
  readonly jammed: boolean
}

const STEPS = /^\s{0,100}(?:Parameters\s{0,10}:\s{0,10})?(Negative prompt:\s{0,10})?(?=Steps:\s{0,10}\d)/

function findParameters(text: string): Found | undefined {
  return findStepsLine(text) ?? findJammedSteps(text) ?? findLineOfPairs(text)
}

/** Of the lines that begin with `Steps:`, the one that knows most keys; of several, the last. */
function findStepsLine(text: string): Found | undefined {
  let best: { at: number; headEnd: number; score: number } | undefined
  for (const { start, line } of linesOf(text)) {
    const match = line.includes('Steps:') ? STEPS.exec(line) : null
    if (match === null) continue
    const at = start + match[0].length
    const score = countKnownKeys(text, at)
    const headEnd = match[1] === undefined ? start : at
    if (best === undefined || score >= best.score) best = { at, headEnd, score }
  }
  return best === undefined ? undefined : { ...best, jammed: false }
}

const MOST_TRIES = 16

/** `a cat.Negative prompt: dog.Steps: 4, Seed: 1`: everything on one line, as some sites pass it on. */
function findJammedSteps(text: string): Found | undefined {
  let from = text.length
  for (let tries = 0; tries < MOST_TRIES && from > 0; tries += 1) {
    const at = text.lastIndexOf('Steps:', from - 1)
    if (at < 0) return undefined
    const stands = at === 0 || /[\s.,;)]/.test(text[at - 1] ?? '')
    if (stands && /^Steps:\s{0,10}\d/.test(text.slice(at, at + 20)) && countKnownKeys(text, at) >= 2) {
      return { at, headEnd: at, jammed: true }
    }
    from = at
  }
  return undefined
}

/** A1111's own rule for texts without `Steps:`: the last line, if it holds at least three pairs. */
function findLineOfPairs(text: string): Found | undefined {
  const end = text.trimEnd().length
  const at = text.lastIndexOf('\n', end - 1) + 1
  return countKnownKeys(text, at) >= 3 ? { at, headEnd: at, jammed: false } : undefined
}

function* linesOf(text: string): Generator<{ start: number; line: string }> {
  let start = 0
  while (start <= text.length) {
    const next = text.indexOf('\n', start)
    const end = next < 0 ? text.length : next
    yield { start, line: text.slice(start, end) }
    start = end + 1
  }
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
    if (KNOWN_KEYS.has(heading.toLowerCase())) {
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
