import { type Command, Option } from 'commander'
import { AppError } from '../errors.ts'
import type { JsonObject, JsonValue } from '../lib/json.ts'
import { coerceStrings } from '../operation/coerce.ts'
import { describeField, type Field, placeholderOf } from './fields.ts'

/** What was typed for each field: values in their order, `true` for a bare flag, `false` for `--no-<flag>`. */
export type TypedFields = ReadonlyMap<Field, readonly string[] | boolean>

const optionOf = (field: Field): Option =>
  new Option(
    field.kind === 'boolean'
      ? `--${field.flag} [${placeholderOf(field)}]`
      : `--${field.flag} <${placeholderOf(field)}>`,
    describeField(field),
  )

/** Gives `command` the flags of `fields`. */
export function addFieldOptions(command: Command, fields: readonly Field[]): void {
  for (const field of fields) {
    const option = optionOf(field)
    option.argParser((value: string, previous: unknown) => [...(Array.isArray(previous) ? previous : []), value])
    command.addOption(field.isAlias ? option.hideHelp() : option)
    if (field.kind !== 'boolean' && !field.nullable) continue
    const meaning = field.nullable ? `clear ${field.name}` : `${field.name} is false`
    const off = new Option(`--no-${field.flag}`, meaning)
    const shown = field.nullable || field.schema.default === true
    command.addOption(shown && !field.isAlias ? off : off.hideHelp())
  }
}

export function typedFields(command: Command, fields: readonly Field[]): TypedFields {
  const typed = new Map<Field, readonly string[] | boolean>()
  for (const field of fields) {
    const value: unknown = command.getOptionValue(optionOf(field).attributeName())
    if (typeof value === 'boolean') typed.set(field, value)
    else if (Array.isArray(value)) typed.set(field, value.map(String))
  }
  return typed
}

/** Reads `@FILE` and `-`. */
export type ReadText = (source: string) => Promise<string>

/**
 * What was typed as the operation's input, not yet checked by its schema. Files to upload are left out.
 * @throws AppError invalid_input for broken JSON and for a single value that was given twice
 */
export async function toInput(typed: TypedFields, readText: ReadText): Promise<Record<string, unknown>> {
  const input: Record<string, unknown> = {}
  for (const [field, value] of typed) {
    if (field.kind === 'file') continue
    if (value === false) input[field.name] = field.nullable ? null : false
    else if (value === true) input[field.name] = true
    else input[field.name] = await toValue(field, value, readText)
  }
  return input
}

async function toValue(field: Field, values: readonly string[], readText: ReadText): Promise<unknown> {
  const { name, kind, schema } = field
  const [only] = values.length === 1 ? values : []
  const coerce = (raw: string | readonly string[]): unknown =>
    coerceStrings({ [name]: raw }, { type: 'object', properties: { [name]: schema } })[name]
  if (kind === 'json-list') {
    const lists = await Promise.all(values.map(async (value) => toList(name, await expand(value, readText))))
    return lists.flat()
  }
  if (kind === 'list') {
    if (only === undefined) return coerce(values)
    return jsonList(only, field.isPath) ?? coerce(field.isPath && only !== '' ? [only] : only)
  }
  return coerce(only === undefined ? values : kind === 'json' ? await expand(only, readText) : only)
}

const expand = async (value: string, readText: ReadText): Promise<string> => {
  if (value === '-') return readText('-')
  return value.startsWith('@') ? readText(value.slice(1)) : value
}

function toList(name: string, text: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(text)
    return Array.isArray(parsed) ? parsed : [parsed]
  } catch (cause) {
    const expected = `${name} must be JSON`
    throw new AppError('invalid_input', expected, { errors: [{ path: name, expected }], cause })
  }
}

/** A list written as JSON; a file may be called `[1]`, so a list of paths must hold texts. */
function jsonList(text: string, isPath: boolean): unknown[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    if (!Array.isArray(parsed)) return undefined
    return isPath && !parsed.every((item) => typeof item === 'string') ? undefined : parsed
  } catch {
    return undefined
  }
}

/** The flags that say `input`: what `toInput` reads back as the same, and what `--help` shows as an example. */
export function toFlags(fields: readonly Field[], input: JsonObject): string[] {
  return fields.flatMap((field) => {
    const value = input[field.name]
    return value === undefined ? [] : flagsOf(field, value)
  })
}

function flagsOf(field: Field, value: JsonValue): string[] {
  const flag = `--${field.flag}`
  if (value === null) return [`--no-${field.flag}`]
  if (value === true && field.kind === 'boolean') return [flag]
  if (value === false && field.kind === 'boolean') return field.nullable ? [`${flag}=false`] : [`--no-${field.flag}`]
  if (Array.isArray(value) && field.kind === 'list') {
    const texts = value.map(toText)
    const [only] = texts
    if (texts.length === 0) return [`${flag}=`]
    if (texts.length > 1) return texts.flatMap((text) => withValue(flag, text))
    const plain = only !== undefined && only !== '' && !only.startsWith('[') && (field.isPath || !only.includes(','))
    return withValue(flag, plain ? only : JSON.stringify(value))
  }
  return withValue(flag, toText(value))
}

const toText = (value: JsonValue): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** In one word where the value could be taken for a flag. */
const withValue = (flag: string, value: string): string[] =>
  value.startsWith('-') ? [`${flag}=${value}`] : [flag, value]
