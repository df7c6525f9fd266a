import * as v from 'valibot'

/** How texts (flags, environment) become values, and how a config file's values are checked. */
export interface SettingKind<T> {
  readonly schema: v.GenericSchema<unknown, T>
  fromText(text: string): unknown
  readonly expected: string
}

export const text = (schema: v.GenericSchema<unknown, string> = v.string()): SettingKind<string> => ({
  schema,
  fromText: (value) => value,
  expected: 'a text',
})

export const flag: SettingKind<boolean> = {
  schema: v.boolean(),
  fromText: (value) => (/^(1|true|yes|on)$/i.test(value) ? true : /^(0|false|no|off|)$/i.test(value) ? false : value),
  expected: 'true or false',
}

/** A switch that may be left to the program. */
export const flagOrAuto: SettingKind<boolean | 'auto'> = {
  schema: v.union([v.boolean(), v.literal('auto')]),
  fromText: (value) => (value.toLowerCase() === 'auto' ? 'auto' : flag.fromText(value)),
  expected: 'true, false or auto',
}

const UNITS: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** `16777216`, `16 MiB`, `2GiB`, `500k`: bytes. */
function parseBytes(value: string): number | string {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(value.trim())
  return match === null ? value : Math.round(Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? 1))
}

export const number = (min: number, max = Number.MAX_SAFE_INTEGER): SettingKind<number> => ({
  schema: v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)),
  fromText: (value) => (/^\d+$/.test(value) ? Number(value) : value),
  expected: `a whole number from ${min} to ${max}`,
})

export const bytes: SettingKind<number> = {
  schema: v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.transform(parseBytes))]),
    v.number(),
    v.integer(),
    v.minValue(0),
  ),
  fromText: parseBytes,
  expected: 'a number of bytes, such as 16777216 or "16 MiB"',
}

export const list = (separator: RegExp): SettingKind<readonly string[]> => ({
  schema: v.union([
    // As a path an empty one would name the working directory: `--models "$UNSET"` is not to open that.
    v.array(v.pipe(v.string(), v.regex(/\S/))),
    v.pipe(
      v.string(),
      v.transform((value) => splitList(value, separator)),
    ),
  ]),
  fromText: (value) => splitList(value, separator),
  expected: 'a list of texts that are not empty',
})

const splitList = (value: string, separator: RegExp): string[] =>
  value
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '')

export const COMMA = /,/
/** Path lists are separated as PATH is. */
export const COLON = /:/

export const choice = <const T extends string>(...options: readonly T[]): SettingKind<T> => ({
  schema: v.picklist(options),
  fromText: (value) => value,
  expected: `one of ${options.join(', ')}`,
})
