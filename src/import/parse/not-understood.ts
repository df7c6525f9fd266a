import type { ImportWarning } from '../dependency.ts'
import { findTooDeep, isWithin, MAX_NESTING } from './json.ts'
import type { ParserInput } from './parser.ts'

/** Keys under which programs file prompts and workflows: what stands there and is not understood is told. */
const PROMPT_KEYS = new Set([
  'parameters',
  'prompt',
  'workflow',
  'usercomment',
  'exif:usercomment',
  'generation_data',
  'invokeai_metadata',
  'invokeai_graph',
  'invokeai_workflow',
  'sd-metadata',
  'dream',
  'parameters-json',
  'smproj',
  'fooocus_scheme',
  'stealth',
  'novelai',
  'easydiffusion',
])

/** Values of keys that only say how another text is written. */
const LABEL = /^\w{0,20}$/

/** Why a text of a file counted for nothing, where somebody would expect it to count. */
export interface NotUnderstood extends ImportWarning {
  /** It is broken, and not only of another kind. */
  readonly damaged: boolean
}

export function notUnderstood(input: ParserInput): NotUnderstood[] {
  const { place, key, text } = input
  const deep = nestedTooDeeply(input)
  if (deep !== undefined) return [deep]
  const json = input.json()
  if (typeof json === 'object' && json !== null) {
    return [{ place, reason: 'this JSON is of no known format of prompts or workflows', damaged: false }]
  }
  if (LIKE_JSON.test(text.slice(0, 300))) {
    return [{ place, reason: 'this looks like JSON, but it is damaged or cut off', damaged: true }]
  }
  if (!PROMPT_KEYS.has(key.toLowerCase()) || LABEL.test(text)) return []
  return [{ place, reason: 'this is of no known format of prompts', damaged: false }]
}

const LIKE_JSON = /^\s{0,100}[{[]\s{0,100}["{[]/

/** Where JSON is nested as no program does it; undefined for other texts, and for what is too short for it. */
export function nestedTooDeeply(input: ParserInput): NotUnderstood | undefined {
  const { place, text } = input
  if (text !== '' && text.length < 2 * MAX_NESTING) return undefined
  const json = input.json()
  const isWhole = json !== undefined
  if (isWhole ? isWithin(json) : !LIKE_JSON.test(text.slice(0, 300))) return undefined
  const at = findTooDeep(text)
  if (at === undefined && !isWhole) return undefined
  const where = at === undefined ? '' : `, at character ${at}`
  return { place, reason: `this JSON is nested in itself more than ${MAX_NESTING} times${where}`, damaged: true }
}
