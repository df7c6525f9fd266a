import type { JsonObject } from '../../../lib/json.ts'
import { toNumber } from '../../generation.ts'
import { entriesOf, fieldOf, textOf } from '../json.ts'
import { readTags } from '../prompt-tags.ts'

/** A LoRA as Fooocus and its forks list it. */
export interface ListedLora {
  readonly name: string
  readonly weight?: number
  readonly hash?: string
  /** False: it is in the list and switched off. */
  readonly enabled?: boolean
  /** The field it stands in. */
  readonly field: string
}

const MOST_LORAS = 200

/** Every LoRA of a record, in whichever of the many ways it is listed. */
export function listedLoras(record: JsonObject): ListedLora[] {
  return [
    ...lorasField(fieldOf(record, 'loras')),
    ...entriesOf(record).flatMap(([field, value]) => combined(field, value)),
    ...numbered(record),
  ].slice(0, MOST_LORAS)
}

/**
 * Under `loras`: `["name", 0.5, "<hash>"]`, `["<hash>", "0.5 - name"]`, `{"name", "weight"}`, or all in one string of
 * `<name:0.5>`.
 */
function lorasField(value: unknown): ListedLora[] {
  const field = 'loras'
  if (typeof value === 'string') return inBrackets(value)
  if (!Array.isArray(value)) return []
  return value.slice(0, MOST_LORAS).flatMap((item): ListedLora[] => {
    if (!Array.isArray(item)) return lora(field, fieldOf(item, 'name'), fieldOf(item, 'weight'), fieldOf(item, 'hash'))
    const [first, second, third] = item
    const joined = /^(-?[\d.]{1,20}) - (.+)$/s.exec(textOf(second) ?? '')
    if (joined !== null) return lora(field, joined[2], joined[1], first)
    if (typeof first === 'boolean') return lora(field, second, third, undefined, first)
    return lora(field, first, second, third)
  })
}

function lora(field: string, name: unknown, weight: unknown, hash?: unknown, enabled?: boolean): ListedLora[] {
  if (typeof name !== 'string' || name.trim() === '') return []
  const number = toNumber(weight)
  return [
    {
      name: name.trim(),
      field,
      ...(number === undefined ? {} : { weight: number }),
      ...(typeof hash === 'string' && hash !== '' ? { hash } : {}),
      ...(enabled === undefined ? {} : { enabled }),
    },
  ]
}

/** `Loras:<a.safetensors:0.5>,<b.safetensors:1>`; `<lora:a:0.5>` in others. */
function inBrackets(text: string): ListedLora[] {
  const tagged = readTags(text).filter(({ kind }) => kind === 'lora')
  if (tagged.length > 0) return tagged.flatMap(({ args }) => lora('loras', args[0], args[1]))
  return text.split('<', MOST_LORAS + 1).flatMap((part) => {
    const end = part.indexOf('>')
    const colon = part.lastIndexOf(':', end)
    return end < 0 || colon < 0 ? [] : lora('loras', part.slice(0, colon), part.slice(colon + 1, end))
  })
}

/** `lora_combined_1: "name.safetensors : 0.5"`, in logs `LoRA 1`; newer ones begin with `True : ` or `False : `. */
function combined(field: string, value: unknown): ListedLora[] {
  if (typeof value !== 'string' || !/^(?:lora_combined_|LoRA )\d{1,3}$/.test(field)) return []
  const parts = value.split(' : ')
  const flag = parts.length > 2 && /^(?:True|False)$/.test(parts[0] ?? '') ? parts.shift() : undefined
  const weight = parts.length > 1 ? parts.pop() : undefined
  return lora(field, parts.join(' : '), weight, undefined, flag === undefined ? undefined : flag === 'True')
}

/** `l1` and its weight `w1`, up to five. */
const numbered = (record: JsonObject): ListedLora[] =>
  [1, 2, 3, 4, 5].flatMap((index) => lora(`l${index}`, fieldOf(record, `l${index}`), fieldOf(record, `w${index}`)))
