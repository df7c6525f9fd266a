import type { JsonValue } from '../../../lib/json.ts'
import { hasModelExtension } from '../../model-name.ts'
import { remembered } from '../../remembered.ts'

/** The widget behind a seed that says what happens to it after a run. It is in no executed graph. */
export const CONTROL = 'control_after_generate'
const CONTROLS = new Set<unknown>(['fixed', 'increment', 'decrement', 'randomize', 'increment-wrap'])
export const isControl = (value: JsonValue | undefined): boolean => CONTROLS.has(value)

interface WidgetName {
  readonly isSeed: boolean
  readonly isNumber: boolean
  readonly isFile: boolean
}

const NUMBER = /strength|weight|seed|steps|^cfg|width|height|denoise|batch_size|_skip/i

const readName = remembered(
  (name): WidgetName => ({
    isSeed: /(?:^|_)seed$/i.test(name),
    isNumber: NUMBER.test(name),
    isFile: /_name_?\d*$/.test(name),
  }),
)

export const isSeed = (name: string): boolean => readName(name).isSeed

/** A value and where it stands in the list. */
export interface Placed {
  readonly at: number
  readonly value: JsonValue
}

export interface Named extends Placed {
  readonly name: string
}

export interface Aligned {
  readonly pairs: readonly Named[]
  readonly rest: readonly Placed[]
  /** Each name has a value and each value a name. */
  readonly isWhole: boolean
  /** No value is of a kind that its name cannot mean. */
  readonly fits: boolean
}

/** Gives values their names one by one, and knows that the values have a word more behind a seed. */
export function align(names: readonly string[], values: readonly Placed[]): Aligned {
  const pairs: Named[] = []
  let at = 0
  let controls = 0
  let fits = true
  for (const [index, name] of names.entries()) {
    if (name === CONTROL) controls += 1
    const placed = values[at]
    if (placed === undefined) continue
    if (name === CONTROL) {
      if (placed.value === null || isControl(placed.value)) at += 1
      continue
    }
    pairs.push({ name, at: placed.at, value: placed.value })
    fits = fits && canMean(name, placed.value)
    at += 1
    const isMore = isSeed(name) || values.length - at > names.length - index - 1
    if (isMore && names[index + 1] !== CONTROL && isControl(values[at]?.value)) at += 1
  }
  const isWhole = pairs.length === names.length - controls && at === values.length
  return { pairs, rest: values.slice(at), isWhole, fits }
}

function canMean(name: string, value: JsonValue): boolean {
  if (typeof value === 'string') return !(readName(name).isNumber && hasModelExtension(value))
  return !(typeof value === 'number' && readName(name).isFile)
}
