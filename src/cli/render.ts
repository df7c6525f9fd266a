import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { formatBytes } from './progress.ts'
import { renderTable, toCell } from './table.ts'
import { padEnd, printable, textWidth } from './text-width.ts'

/** An operation's output for people: a list as a table, anything else as names and values. */
export function renderOutput(
  output: JsonObject,
  columns: number | undefined,
  fields?: readonly string[] | undefined,
): string {
  const entries = Object.entries(output)
  const only = entries.length === 1 ? entries[0]?.[1] : undefined
  // A guide.
  if (typeof only === 'string' && only.includes('\n')) return printable(only)
  const lists = entries.filter(([, value]) => isRows(value))
  const [list] = lists
  if (list === undefined || lists.length > 1 || !('count' in output || entries.length === 1)) {
    return renderRecord(output, columns)
  }
  const [name, rows] = list as [string, JsonObject[]]
  const rest = Object.fromEntries(entries.filter(([key]) => key !== name && !PAGING.has(key)))
  const sums = fields === undefined ? rest : pick(rest, Object.keys(rest))
  const above = Object.keys(rest).length === 0 ? '' : `${renderRecord(sums, columns)}\n\n`
  const shown =
    rows.length === 0
      ? `No ${name.replaceAll('_', ' ')}`
      : renderTable(fields === undefined ? rows : rows.map((row) => pick(row, fields)), columns)
  const total = typeof output.count === 'number' ? output.count : rows.length
  return `${above}${shown}${total > rows.length ? `\n(${rows.length} of ${total})` : ''}`
}

/** Some fields, sizes as people read them. */
const pick = (row: JsonObject, fields: readonly string[]): JsonObject =>
  Object.fromEntries(
    fields.map((field) => {
      const value = row[field] ?? null
      return field.endsWith('_bytes') && typeof value === 'number'
        ? [field.replace(/_bytes$/, ''), formatBytes(value)]
        : [field, value]
    }),
  )

const PAGING = new Set(['count', 'limit', 'offset'])

const isRows = (value: JsonValue | undefined): value is JsonObject[] =>
  Array.isArray(value) && value.every(isJsonObject)

/** Names and values below each other, the values aligned. */
export function renderRecord(record: JsonObject, columns: number | undefined, indent = ''): string {
  const entries = Object.entries(record).filter(([, value]) => !(Array.isArray(value) && value.length === 0))
  const width = Math.max(0, ...entries.map(([name]) => textWidth(name)))
  const deeper = `${indent}  `
  return entries
    .map(([name, value]) => {
      const head = `${indent}${printable(name)}`
      if (isJsonObject(value)) {
        return Object.keys(value).length === 0 ? `${head}:  {}` : `${head}:\n${renderRecord(value, columns, deeper)}`
      }
      if (Array.isArray(value) && value.every(isJsonObject)) {
        const table = renderTable(value, columns === undefined ? undefined : columns - deeper.length)
        return `${head}:\n${indented(table, deeper)}`
      }
      return `${padEnd(head, indent.length + width)}  ${indented(text(value), ' '.repeat(indent.length + width + 2)).trimStart()}`
    })
    .join('\n')
}

function text(value: JsonValue): string {
  if (value === null) return '-'
  if (typeof value === 'string') return printable(value)
  return toCell(value) ?? printable(JSON.stringify(value))
}

const indented = (lines: string, indent: string): string =>
  lines
    .split('\n')
    .map((line) => (line === '' ? line : indent + line))
    .join('\n')
