import { itemsOf, typesOf } from '../operation/coerce.ts'
import type { JsonSchema } from '../operation/json-schema.ts'
import type { Operation } from '../operation/operation.ts'

/** How a field is typed on the command line. */
export type FieldKind = 'text' | 'boolean' | 'json' | 'list' | 'json-list' | 'file'

/** A field of an operation as a flag. */
export interface Field {
  /** `asset_url` */
  readonly name: string
  /** `asset-url` */
  readonly flag: string
  readonly kind: FieldKind
  readonly schema: JsonSchema
  /** `null` is a value of it: `--no-<flag>`. */
  readonly nullable: boolean
  readonly required: boolean
  /** May hold local paths: then a comma belongs to the name. */
  readonly isPath: boolean
  /** Another name of a field: accepted, not shown. */
  readonly isAlias: boolean
}

/** Every flag of an operation: required fields first, then as its schema lists them. */
export function fieldsOf(operation: Operation): Field[] {
  const schema = operation.inputJsonSchema()
  const properties = schema.properties ?? {}
  const required = new Set(schema.required ?? [])
  const field = (name: string, property: JsonSchema, target = name): Field => ({
    name,
    flag: name.replaceAll('_', '-'),
    kind: kindOf(property),
    schema: property,
    nullable: isNullable(property),
    required: required.has(target),
    isPath: operation.paths.includes(target),
    isAlias: name !== target,
  })
  const fields = Object.entries(properties).map(([name, property]) => field(name, property))
  for (const [alias, target] of Object.entries(operation.aliases)) {
    const property = properties[target]
    if (property !== undefined && !(alias in properties)) fields.push(field(alias, property, target))
  }
  const { upload } = operation.http
  const file =
    upload === undefined
      ? []
      : [{ ...field(upload, { description: 'Local file to send along' }), kind: 'file' as const }]
  return [...fields.filter(({ name }) => name !== upload), ...file].toSorted(
    (a, b) => Number(b.required) - Number(a.required),
  )
}

function kindOf(schema: JsonSchema): FieldKind {
  const types = typesOf(schema)
  if (types.has('array')) return typesOf(itemsOf(schema) ?? {}).has('object') ? 'json-list' : 'list'
  if (types.has('string') || types.has('number') || types.has('integer')) return 'text'
  if (types.has('boolean')) return 'boolean'
  return types.has('object') ? 'json' : 'text'
}

const branches = (schema: JsonSchema): JsonSchema[] => [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]

function isNullable(schema: JsonSchema): boolean {
  const { type } = schema
  if (type === 'null' || (Array.isArray(type) && type.includes('null')) || schema.const === null) return true
  return schema.enum?.includes(null) === true || branches(schema).some(isNullable)
}

/** The help text of a flag: what it means, its choices, its default. */
export function describeField({ schema, required, kind }: Field): string {
  const choices = choicesOf(schema)
  const notes = [
    required ? 'required' : undefined,
    choices.length === 0 ? undefined : `one of ${choices.join(', ')}`,
    schema.default === undefined || schema.default === null ? undefined : `default ${JSON.stringify(schema.default)}`,
    kind === 'list' || kind === 'json-list' ? 'may be repeated' : undefined,
    kind === 'json' || kind === 'json-list' ? 'JSON, @FILE or -' : undefined,
  ].filter((note) => note !== undefined)
  return [descriptionOf(schema), notes.length === 0 ? '' : `(${notes.join('; ')})`]
    .filter((part) => part !== '')
    .join(' ')
}

function descriptionOf(schema: JsonSchema): string {
  if (schema.description !== undefined) return schema.description
  for (const branch of branches(schema)) {
    const found = descriptionOf(branch)
    if (found !== '') return found
  }
  return ''
}

/** The values that a field may take, where they are few and known. */
export function choicesOf(schema: JsonSchema): string[] {
  const own = schema.enum ?? (schema.const === undefined ? [] : [schema.const])
  const inner = [...branches(schema), ...(schema.items === undefined ? [] : [schema.items])]
  return [...own.filter((choice) => choice !== null).map(String), ...inner.flatMap(choicesOf)]
}

const PLACEHOLDERS: Readonly<Record<FieldKind, string>> = {
  text: 'text',
  boolean: 'true|false',
  json: 'json',
  list: 'item',
  'json-list': 'json',
  file: 'file',
}

/** What stands behind the flag in `--help`. */
export function placeholderOf({ kind, schema, isPath, name }: Field): string {
  if (isPath) return 'path'
  const types = typesOf(schema)
  if (kind === 'text' && !types.has('string') && types.size > 0) return 'number'
  if (/(?:^|_)ids?$/.test(name)) return 'id'
  return PLACEHOLDERS[kind]
}
