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
  readonly isText: boolean
  readonly isSwitch: boolean
}

const NUMBER = /strength|weight|seed|steps|^cfg|width|height|denoise|batch_size|_skip/i
const TEXT = /^(?:text|prompt(?:_[gl])?|positive|negative|(?:wildcard|populated)_text|lora_(?:syntax|names|weights))$/
const SWITCH = /^(?:toggle|bypass|inverse|enabled|use_controlnet|low_mem_load|merge_loras?)$/

const readName = remembered(
  (name): WidgetName => ({
    isSeed: /(?:^|_)seed$/i.test(name) && !/^use_/i.test(name),
    isNumber: NUMBER.test(name) && !TEXT.test(name),
    isFile: /_name_?\d*$|^lora(?:_\d{1,2}(?:_name)?)?$/.test(name),
    isText: TEXT.test(name),
    isSwitch: SWITCH.test(name),
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

/**
 * Gives values their names one by one, and knows that the values have a word more behind a seed, or the null of a button
 * that some packs put in its place.
 */
export function align(names: readonly string[], values: readonly Placed[]): Aligned {
  const aligned = alignOnce(names, values, false)
  return aligned.fits ? aligned : alignOnce(names, values, true)
}

function alignOnce(names: readonly string[], values: readonly Placed[], hasButtons: boolean): Aligned {
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
    const isMore = values.length - at > names.length - index - 1
    if (names[index + 1] !== CONTROL && isBehindSeed(name, values[at]?.value, isMore, hasButtons)) at += 1
  }
  const isWhole = pairs.length === names.length - controls && at === values.length
  return { pairs, rest: values.slice(at), isWhole, fits }
}

/** With a value too many a null behind a seed is a button's, and without one where nothing fits else. */
const isBehindSeed = (name: string, value: JsonValue | undefined, isMore: boolean, hasButtons: boolean): boolean =>
  isControl(value) ? isMore || isSeed(name) : value === null && (isMore || hasButtons) && isSeed(name)

const NORMALIZATION = /^(?:none|mean|length)/

function canMean(name: string, value: JsonValue): boolean {
  if (value === null) return true
  const { isNumber, isFile, isText, isSwitch } = readName(name)
  if (typeof value === 'string') {
    if (name === 'token_normalization') return NORMALIZATION.test(value)
    if (name === 'resources_json' || name === 'loras_json') return /^\s{0,20}[[{]/.test(value)
    return !((isNumber || isSwitch) && hasModelExtension(value))
  }
  if (typeof value === 'number') return !isFile && !isText && !isSwitch
  return typeof value !== 'boolean' || !(isFile || isText)
}

/** How many of the values that have to be files are. */
export const filesIn = ({ pairs }: Aligned): number =>
  pairs.filter(({ name, value }) => typeof value === 'string' && readName(name).isFile && hasModelExtension(value))
    .length
