import type { DependencyType } from '../dependency.ts'
import { findParameters } from '../parse/infotext/find-parameters.ts'
import { type PairSpan, scanBudget, scanPairs } from '../parse/infotext/pairs.ts'
import { A1111_TAGS } from '../parse/prompt-tags.ts'
import { splitHashSuffix } from '../reference.ts'
import { type Rewriting, ruleInUnit, ruleOf } from './infotext-keys.ts'
import { asInfotext, type LocalNames } from './local-names.ts'
import { rewriteWords } from './prompt-words.ts'
import { type FindInText, rewriteTags } from './tags.ts'

/**
 * An infotext with local names: prompts, parameters, and the lists that say which hash belongs to which name. The hashes
 * stay, since they are of the same files.
 */
export function rewriteInfotext(text: string, names: LocalNames): string {
  const found = findParameters(text)
  const at = found?.headEnd ?? text.length
  const head = rewritePrompt(text.slice(0, at), names)
  return found === undefined ? head : head + rewritePairs(text.slice(at), found.at - at, ruleOf, names)
}

/** What stands under a key of the parameters, where it is given without its key. */
export const rewriteParameter = (key: string, value: string, names: LocalNames): string | undefined =>
  ruleOf(key)?.(value, howWith(names))

const howWith = (names: LocalNames): Rewriting => ({
  name: (value, type) => rewriteName(value, names, type),
  prompt: (value) => rewritePrompt(value, names),
  find: inTexts(names),
  bare: inTexts(names, true),
  pairs: (value) => rewritePairs(value, 0, ruleInUnit, names),
})

/** Every line from `start` on. */
function rewritePairs(text: string, start: number, ruleFor: typeof ruleOf, names: LocalNames): string {
  const how = howWith(names)
  const budget = scanBudget(text)
  const parts: string[] = []
  let copied = 0
  for (let at = start; at < text.length; ) {
    const spans: PairSpan[] = []
    at = scanPairs(text, at, budget, spans).end + 1
    for (const { key, from, to } of spans) {
      const raw = text.slice(from, to)
      const next = rewriteValue(raw, (value) => ruleFor(key)?.(value, how))
      if (next === raw) continue
      parts.push(text.slice(copied, from), next)
      copied = to
    }
  }
  return parts.join('') + text.slice(copied)
}

/** As A1111 itself writes what is between the colon and the comma: in quotes where the value needs them. */
function rewriteValue(raw: string, rewrite: (value: string) => string | undefined): string {
  const literal = raw.trimEnd()
  const blanks = raw.slice(literal.length)
  const isQuoted = literal.startsWith('"')
  const value = isQuoted ? unquoted(literal) : literal
  const next = rewrite(value ?? literal.slice(1, -1))
  if (next === undefined || next === (value ?? literal.slice(1, -1))) return raw
  if (isQuoted) return (value === undefined ? `"${next}"` : JSON.stringify(next)) + blanks
  // JSON goes without them, and what had a colon before.
  const isPlain = /^[{[]/.test(literal) || !(literal.includes(':') ? /[,\n"]/ : /[,\n:"]/).test(next)
  return (isPlain ? next : JSON.stringify(next)) + blanks
}

export function rewritePrompt(text: string, names: LocalNames): string {
  const find = inTexts(names)
  return rewriteWords(rewriteTags(text, A1111_TAGS, find), names.writtenOf('embedding'), find)
}

/** What no prompt can name. */
const UNFIT: ReadonlyMap<DependencyType, RegExp> = new Map([
  ['lora', /[<>:\n]|^\s|\s$/],
  ['hypernetwork', /[<>:\n]|^\s|\s$/],
  ['embedding', /[<>:\n,()[\]|\\"]|^\s|\s$/],
])

/** Names that a prompt and the lists below it must have alike: what one of them cannot hold is left in all. */
const inTexts =
  (names: LocalNames, isBare = false): FindInText =>
  (written, type) => {
    const name = names.find(written, { type, isBare })
    const next = name === undefined ? undefined : asInfotext(written, name)
    return next === undefined || next === written || UNFIT.get(type)?.test(next) === true ? undefined : next
  }

/** A name with or without a `[hash]` behind it; undefined where it stays. */
export function rewriteName(text: string, names: LocalNames, type?: DependencyType, key?: string): string | undefined {
  const trimmed = text.trim()
  const { name: written } = splitHashSuffix(trimmed)
  const name = names.find(written, { type, key })
  if (name === undefined || written === '') return undefined
  const next = asInfotext(written, name)
  return next === written ? undefined : text.replace(written, () => next)
}

function unquoted(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
