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
  let from = 0
  for (;;) {
    const word = text.indexOf('Steps:', from)
    if (word < 0) break
    const start = text.lastIndexOf('\n', word) + 1
    const lineEnd = text.indexOf('\n', word)
    const line = text.slice(start, lineEnd < 0 ? text.length : lineEnd)
    from = start + line.length
    const match = STEPS.exec(line)
    if (match === null) continue
    const at = start + match[0].length
    const score = countKnownKeys(line.slice(match[0].length))
    if (score < 2 && !LONELY_STEPS.test(text.slice(at, at + 100))) continue
    const headEnd = match[1] === undefined ? start : at
    if (best === undefined || score >= best.score) best = { at, headEnd, score }
  }
  return best === undefined ? undefined : { at: best.at, headEnd: best.headEnd, jammed: false }
}

const MOST_TRIES = 16

/** `a cat.Negative prompt: dog.Steps: 4, Seed: 1`: everything on one line, as some sites pass it on. */
function findJammedSteps(text: string): FoundParameters | undefined {
  let from = text.length
  for (let tries = 0; tries < MOST_TRIES && from > 0; tries += 1) {
    const at = text.lastIndexOf('Steps:', from - 1)
    if (at < 0) return undefined
    const stands = at === 0 || /[\s.,;)]/.test(text[at - 1] ?? '')
    if (stands && /^Steps:\s{0,10}\d/.test(text.slice(at, at + 20))) {
      const start = text.lastIndexOf('\n', at - 1) + 1
      if (isAmongPairs(text, start, at)) return { at: start, headEnd: start, jammed: false }
      if (countKnownKeys(lineAt(text, at)) >= 2) return { at, headEnd: at, jammed: true }
    }
    from = at
  }
  return undefined
}

/** Keys have no order: other pairs may stand before `Steps:` on its line, and nothing but pairs: then that is no prompt. */
function isAmongPairs(text: string, start: number, at: number): boolean {
  const before = text.slice(start, at)
  if (at - start > LONGEST_START || !/,\s{0,20}$/.test(before) || countKnownKeys(lineAt(text, start)) < 3) return false
  const { pairs } = scanPairs(before, 0)
  const isPrompt = pairs.some(({ key, value }) => key === value || key.toLowerCase() === 'negative prompt')
  return !isPrompt && (start > 0 || pairs.some(({ key }) => isKnownKey(key)))
}

/** A prompt that lost its line breaks may have any length. */
const LONGEST_START = 100_000

/** A1111's own rule for texts without `Steps:`: the last line, if it holds at least three pairs. */
function findLineOfPairs(text: string): FoundParameters | undefined {
  const end = text.trimEnd().length
  const at = text.lastIndexOf('\n', end - 1) + 1
  return countKnownKeys(lineAt(text, at)) >= 3 ? { at, headEnd: at, jammed: false } : undefined
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start)
  return end < 0 ? text.slice(start) : text.slice(start, end)
}

/** How many of the keys on a line are known ones. */
function countKnownKeys(line: string): number {
  const known = new Set<string>()
  for (const { key } of scanPairs(line, 0).pairs) {
    const lower = key.toLowerCase()
    if (KNOWN_KEYS.has(lower)) known.add(lower)
  }
  return known.size
}
