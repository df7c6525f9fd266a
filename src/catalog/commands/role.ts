import { withoutSecrets } from '../secrets.ts'

const MAX_ROLE = 60
const NOISE = /\b(high|low)[\s_-]{0,3}noise\b/i
/** `High`, `Low model:`. */
const SHORT = /^\W*(high|low)(?:\s+\w+)?\W*$/i
/** A command that is switched off, or an address: not what a file is for. */
const NO_ROLE = /https?:|(?:^|\s)(?:civitdl|wget|curl|aria2c|hf|huggingface-cli|sudo|cd|mkdir|export)\s/i

/** What a comment says of the files beside it: `high`, `low`, or its own words if they are few. */
export function roleOf(comment: string): string | undefined {
  const noise = noiseOf(comment)
  if (noise !== undefined) return noise
  const words = withoutSecrets(comment)
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/^[\s#=*–—:-]+|[\s#=*–—:-]+$/g, '')
  return words === '' || words.length > MAX_ROLE || NO_ROLE.test(comment) ? undefined : words
}

/** `high` or `low` where a text names that part of a pair. */
export function noiseOf(text: string): string | undefined {
  const [, both] = NOISE.exec(text) ?? []
  const [, short] = SHORT.exec(text) ?? []
  return (both ?? short)?.toLowerCase()
}

/** Of each line of a script what the last comment above it says, and what stands behind it on the line. */
export function readComments(code: string): (start: number, end: number) => string | undefined {
  if (!code.includes('#')) return () => undefined
  const lines = code.split('\n')
  const starts: number[] = []
  const above: (string | undefined)[] = []
  let offset = 0
  let last: string | undefined
  for (const line of lines) {
    starts.push(offset)
    offset += line.length + 1
    const comment = /^\s*#(?!!)(.*)$/.exec(line)?.[1]
    if (comment !== undefined && comment.trim() !== '') last = comment
    above.push(last)
  }
  const lineAt = (at: number): number => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= at) low = middle
      else high = middle - 1
    }
    return low
  }
  return (start, end) => {
    const lineEnd = code.indexOf('\n', end)
    const behind = /^[\s;&|)]*\s#(.*)$/.exec(code.slice(end, lineEnd < 0 ? undefined : lineEnd))?.[1]
    return behind ?? above[lineAt(start)]
  }
}
