import type { JsonObject, JsonValue } from '../lib/json.ts'
import { padEnd, printable, textWidth, truncate } from './text-width.ts'

const GAP = 2
/** Below this a column says nothing any more. */
const MIN_COLUMN = 8

/** One line of text for a table's cell; undefined where the value is no text, number, truth value or list of these. */
export function toCell(value: JsonValue | undefined): string | undefined {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) {
    const parts = value.map(toCell)
    return parts.every((part) => part !== undefined) ? parts.join(', ') : undefined
  }
  if (typeof value === 'object') return undefined
  return printable(String(value)).replace(/\s+/g, ' ').trim()
}

/**
 * Rows under the names of their fields. Fields that are empty everywhere and those that hold objects are left out;
 * what does not fit into `columns` characters is shortened, the last columns are left out where even that does not help.
 */
export function renderTable(rows: readonly JsonObject[], columns: number | undefined): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const table = names.flatMap((name) => {
    const cells = rows.map((row) => toCell(row[name]))
    if (!cells.every((cell) => cell !== undefined) || cells.every((cell) => cell === '')) return []
    const width = Math.max(textWidth(name), ...cells.map(textWidth))
    return [{ name, cells, width }]
  })
  // Rows of objects alone: their JSON says more than nothing.
  if (table.length === 0) {
    const texts = rows.map((row) => printable(JSON.stringify(row)))
    return (columns === undefined ? texts : texts.map((text) => truncate(text, columns))).join('\n')
  }
  const fitted = columns === undefined ? table : fit(table, columns)
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => padEnd(truncate(text, fitted[at]?.width ?? 0), fitted[at]?.width ?? 0))
      .join(' '.repeat(GAP))
      .trimEnd()
  return [
    line(fitted.map(({ name }) => name.toUpperCase())),
    ...rows.map((_, at) => line(fitted.map(({ cells }) => cells[at] ?? ''))),
  ].join('\n')
}

interface Column {
  readonly name: string
  readonly cells: readonly string[]
  readonly width: number
}

function fit(table: readonly Column[], columns: number): Column[] {
  const kept = table.map((column) => ({ ...column, width: Math.min(column.width, columns) }))
  const needed = (): number => kept.reduce((sum, { width }) => sum + width, GAP * (kept.length - 1))
  while (needed() > columns) {
    const widest = kept.reduce((a, b) => (b.width > a.width ? b : a))
    if (widest.width > MIN_COLUMN) widest.width -= 1
    else if (kept.length > 1) kept.pop()
    else break
  }
  return kept
}
