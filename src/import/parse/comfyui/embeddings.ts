import type { Findings } from '../../mention.ts'
import type { GraphNode } from './graph.ts'
import { inputPlace } from './place.ts'

/** An embedding in a text of ComfyUI. */
export interface EmbeddingWord {
  readonly name: string
  /** Why ComfyUI passes over it. */
  readonly ignored?: string
}

const WORD = /embedding:[^\S\n]{0,20}([^\s,()[\]:|<>]{1,1000})/gi
const ANY_WORD = /embedding:/i
const MOST_CHARACTERS = 1_000_000
const MOST_WORDS = 1000

/**
 * Names behind `embedding:`, written in whatever way, and whether ComfyUI reads them so: it cuts the text at brackets
 * that weigh, looks for the word at the start of a piece or behind a blank, and takes all up to the next blank for the
 * name, commas at its end excepted.
 */
export function readEmbeddings(text: string): EmbeddingWord[] {
  const words: EmbeddingWord[] = []
  const searched = text.slice(0, MOST_CHARACTERS)
  for (const match of searched.matchAll(WORD)) {
    if (words.length === MOST_WORDS) break
    const ignored = reasonIgnored(searched, match.index, match[0])
    words.push({ name: match[1] ?? '', ...(ignored === undefined ? {} : { ignored }) })
  }
  return words
}

const STARTS_PIECE = /[ \n()]/
const ESCAPED = /\\[()]$/
/** A weight before the bracket that closes the piece, or commas before a blank. */
const ENDS_NAME = /^(?:$|[\s()]|,+(?:\s|$|[()])|:[+-]?[\d.]{1,10}\s?\))/

function reasonIgnored(text: string, start: number, word: string): string | undefined {
  if (!word.startsWith('embedding:')) return 'its first word is in capitals'
  const before = text.slice(Math.max(0, start - 2), start)
  if (before !== '' && (!STARTS_PIECE.test(before.slice(-1)) || ESCAPED.test(before))) return 'no blank before it'
  const behind = text.slice(start + word.length, start + word.length + 40)
  return ENDS_NAME.test(behind) ? undefined : 'no blank behind it'
}

/** ComfyUI only notes that an embedding is missing, and goes on without it. */
export function addEmbeddings(node: GraphNode, input: string, text: string, findings: Findings): void {
  if (!ANY_WORD.test(text)) return
  const place = inputPlace(node, input)
  for (const { name, ignored } of readEmbeddings(text)) {
    findings.add({
      type: 'embedding',
      name,
      optional: true,
      active: node.active && ignored === undefined,
      ...(ignored === undefined ? {} : { skip: `ComfyUI does not take it for an embedding: ${ignored}` }),
      evidence: [place],
    })
  }
}
