import type { DependencyType } from '../dependency.ts'
import { findParameters } from '../parse/infotext/find-parameters.ts'
import { A1111_TAGS } from '../parse/prompt-tags.ts'
import { splitHashSuffix } from '../reference.ts'
import { asInfotext, type LocalNames } from './local-names.ts'
import { rewriteTags } from './tags.ts'

/** Keys of the parameters line that hold the name of a model, and of which type. */
const KEYS: readonly (readonly [pattern: string, type: DependencyType | undefined])[] = [
  ['Model', undefined],
  ['VAE', 'vae'],
  ['Refiner', 'checkpoint'],
  ['Hires checkpoint', 'checkpoint'],
  ['(?:Hires )?Module \\d{1,2}', undefined],
  ['Hypernet', 'hypernetwork'],
  ['ADetailer model(?: \\w{1,10})?', 'detector'],
]

/** Behind the key a name in quotes, or all up to the next comma. */
const PAIR = new RegExp(
  `((?:^|[,\\n"])[^\\S\\n]*)(${KEYS.map(([pattern]) => pattern).join('|')})(:[^\\S\\n]*)("(?:[^"\\\\\\n]|\\\\.)*"|[^,\\n"]+)`,
  'g',
)

const typeOfKey = (key: string): DependencyType | undefined =>
  KEYS.find(([pattern]) => new RegExp(`^${pattern}$`).test(key))?.[1]

/** An infotext with local names; its hashes stay, since they are of the same files. */
export function rewriteInfotext(text: string, names: LocalNames): string {
  const at = findParameters(text)?.headEnd ?? text.length
  return rewritePrompt(text.slice(0, at), names) + text.slice(at).replace(PAIR, rewritePair)

  function rewritePair(whole: string, before: string, key: string, colon: string, value: string): string {
    const isQuoted = value.startsWith('"')
    const written = isQuoted ? unquoted(value) : value
    const next = written === undefined ? undefined : rewriteName(written, names, typeOfKey(key))
    if (next === undefined) return whole
    // As A1111 itself decides it.
    const isPlain = !isQuoted && !/[,\n:"]/.test(next)
    return `${before}${key}${colon}${isPlain ? next : JSON.stringify(next)}`
  }
}

export const rewritePrompt = (text: string, names: LocalNames): string =>
  rewriteTags(text, A1111_TAGS, (written, type) => {
    const name = names.find(written, { type })
    return name === undefined ? undefined : asInfotext(written, name)
  })

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
