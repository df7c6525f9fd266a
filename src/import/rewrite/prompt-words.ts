import type { FindInText } from './tags.ts'

/** Longer lists are no embeddings of one prompt. */
const MOST = 200

/**
 * Embeddings stand in prompts of A1111 as words like any other: those of `written` that stand alone get their names.
 * What stands in tags stays.
 */
export function rewriteWords(text: string, written: readonly string[], find: FindInText): string {
  const words = [...new Set(written)].filter((word) => word.trim() !== '').slice(0, MOST)
  if (words.length === 0 || text === '') return text
  // The longest first: `bad-hand` is none of `bad`.
  const any = words
    .toSorted((one, other) => other.length - one.length)
    .map(escaped)
    .join('|')
  const byWord = new Map(words.map((word) => [word.toLowerCase(), word]))
  const pattern = new RegExp(`<[^<>\\n]{0,1000}>|(?<![\\p{L}\\p{N}_-])(?:${any})(?![\\p{L}\\p{N}_-])`, 'giu')
  return text.replace(pattern, (found) => {
    const word = found.startsWith('<') ? undefined : byWord.get(found.toLowerCase())
    return (word === undefined ? undefined : find(word, 'embedding')) ?? found
  })
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
