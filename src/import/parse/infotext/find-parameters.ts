import { scanPairs } from './pairs.ts'

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
  'lora weights',
  'ti hashes',
  'hashes',
  'created date',
  'civitai resources',
  'civitai metadata',
  'recipe metadata',
  'app',
  'performance',
])

export const isKnownKey = (key: string): boolean => KNOWN_KEYS.has(key.toLowerCase())

export interface FoundParameters {
  /** Where `Steps:` (or the line's first key) begins. */
  readonly at: number
  /** Where the prompts end. */
  readonly headEnd: number
  readonly jammed: boolean
}

const STEPS = /^\s{0,100}(?:Parameters\s{0,10}:\s{0,10})?(Negative prompt:\s{0,10})?(?=Steps:\s{0,10}\d)/

/** Where the parameters line of an infotext is; undefined where there is none. */
export function findParameters(text: string): FoundParameters | undefined {
  return findStepsLine(text) ?? findJammedSteps(text) ?? findLineOfPairs(text)
}

/** A line that knows no other key: `Steps: 3 to heaven` is words. */
const LONELY_STEPS = /^Steps:\s{0,10}\d{1,6}\s{0,10}(?:,|\n|$)/

/** Of the lines that begin with `Steps:`, the one that knows most keys; of several, the last. */
function findStepsLine(text: string): FoundParameters | undefined {
  let best: { at: number; headEnd: number; score: number } | undefined
  for (const { start, line } of linesOf(text)) {
    const match = line.includes('Steps:') ? STEPS.exec(line) : null
    if (match === null) continue
    const at = start + match[0].length
    const score = countKnownKeys(text, at)
    if (score < 2 && !LONELY_STEPS.test(text.slice(at, at + 100))) continue
    const headEnd = match[1] === undefined ? start : at
    if (best === undefined || score >= best.score) best = { at, headEnd, score }
  }
  return best === undefined ? undefined : { ...best, jammed: false }
}

const MOST_TRIES = 16

/** `a cat.Negative prompt: dog.Steps: 4, Seed: 1`: everything on one line, as some sites pass it on. */
function findJammedSteps(text: string): FoundParameters | undefined {
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
function findLineOfPairs(text: string): FoundParameters | undefined {
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

/** How many keys on the line at `start` are known ones. */
function countKnownKeys(text: string, start: number): number {
  const lineEnd = text.indexOf('\n', start)
  const line = lineEnd < 0 ? text.slice(start) : text.slice(start, lineEnd)
  return new Set(
    scanPairs(line, 0)
      .pairs.map(({ key }) => key.toLowerCase())
      .filter((key) => KNOWN_KEYS.has(key)),
  ).size
}
