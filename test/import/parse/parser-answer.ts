import type { Dependency } from '../../../src/import/dependency.ts'
import type { Generation } from '../../../src/import/generation.ts'
import type { Mention } from '../../../src/import/mention.ts'
import { mergeMentions } from '../../../src/import/merge.ts'
import { parsePrompt } from '../../../src/import/parse/detect.ts'
import type { ParserInput, PromptParser } from '../../../src/import/parse/parser.ts'
import { toInput } from '../../../src/import/parse/text-input.ts'

export interface Answer {
  readonly confidence: number
  readonly trust: number
  readonly mentions: readonly Mention[]
  readonly dependencies: readonly Dependency[]
  readonly generation: Generation
  /** `place: reason` */
  readonly warnings: readonly string[]
}

/** What one parser says of a value as JSON, or of a text. */
export function ask(parser: PromptParser, value: unknown, key = ''): Answer {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const input: ParserInput = toInput({ place: 'text', key, text })
  const confidence = parser.detect(input)
  const { mentions, generation, warnings, trust } = parser.parse(input, {})
  return {
    confidence,
    trust,
    mentions,
    dependencies: mergeMentions(mentions.map((mention) => ({ trust, ...mention }))).dependencies,
    generation,
    warnings: warnings.map(({ place, reason }) => `${place}: ${reason}`),
  }
}

/** The format that a value is taken for, all parsers asked. */
export const formatOf = (value: unknown, key = ''): string =>
  parsePrompt({
    texts: [{ place: 'text', key, text: typeof value === 'string' ? value : JSON.stringify(value) }],
    format: 'auto',
  }).format

/** `type name algorithm:value… model@version weight`, with `(off)`, `(skipped)` and `(optional)`: short enough for tables. */
export function brief(dependency: Dependency): string {
  const { type, name, hashes, civitai, weight, active, optional, status } = dependency
  return [
    type,
    name ?? '-',
    ...hashes.map(({ algorithm, value }) => `${algorithm}:${value}`),
    ...(civitai === undefined ? [] : [`${civitai.model_id ?? ''}@${civitai.version_id ?? ''}`]),
    ...(weight === undefined ? [] : [String(weight)]),
    ...(active ? (status === 'skipped' ? ['(skipped)'] : []) : ['(off)']),
    ...(optional ? ['(optional)'] : []),
  ].join(' ')
}

/** Values that no parser may stumble over. */
export const HOSTILE: readonly unknown[] = [
  null,
  [],
  {},
  [[[]]],
  '',
  ' ',
  '{',
  'NaN',
  '{"__proto__": {"base_model": "x"}, "constructor": "y"}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  `${'{"State":'.repeat(5000)}1${'}'.repeat(5000)}`,
]
