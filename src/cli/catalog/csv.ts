import { type CsvLine, parseLines } from './csv-lines.ts'

/** CSV tables whose rows stay as they are, byte for byte, unless they are told to change (RFC 4180). */

export const CATALOG_COLUMNS = [
  'file_path',
  'syntax_type',
  'tested',
  'is_valid',
  'air',
  'download_count',
  'notes',
] as const
export type CatalogColumn = (typeof CATALOG_COLUMNS)[number]
export type CatalogRow = Readonly<Record<CatalogColumn, string>>

const toBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
const toText = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8')
const MARK = '\u00ef\u00bb\u00bf'

const writeCell = (value: string): string =>
  toBytes(/[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)

const writeRow = (row: CatalogRow, columns: readonly string[]): string =>
  columns.map((column) => writeCell(Object.hasOwn(row, column) ? row[column as CatalogColumn] : '')).join(',')

/** A new table with the catalog's columns. */
export const writeCatalogCsv = (rows: readonly CatalogRow[]): Uint8Array =>
  Buffer.from(
    [CATALOG_COLUMNS.join(','), ...rows.map((row) => writeRow(row, CATALOG_COLUMNS)), ''].join('\n'),
    'latin1',
  )

const splitMark = (bytes: Uint8Array): { readonly mark: string; readonly lines: CsvLine[] } => {
  const text = Buffer.from(bytes).toString('latin1')
  const mark = text.startsWith(MARK) ? MARK : ''
  return { mark, lines: parseLines(text.slice(mark.length)) }
}

/** The rows of a table by the names in its first line; columns of other names are left out, missing ones are ``. */
export function readCatalogCsv(bytes: Uint8Array): CatalogRow[] {
  const [header, ...lines] = splitMark(bytes).lines
  const names = (header?.cells ?? []).map(({ value }) => toText(value).trim())
  return lines
    .filter(({ cells }) => cells.some(({ value }) => value !== ''))
    .map(({ cells }) => {
      const value = (column: CatalogColumn): string => toText(cells[names.indexOf(column)]?.value ?? '')
      return Object.fromEntries(CATALOG_COLUMNS.map((column) => [column, value(column)])) as Record<
        CatalogColumn,
        string
      >
    })
}

/** Whether the last cell opens a quote and does not close it: what is written behind would stand inside of it. */
export function isCutOff(bytes: Uint8Array): boolean {
  const raw = splitMark(bytes).lines.at(-1)?.cells.at(-1)?.raw ?? ''
  return raw.startsWith('"') && (raw.split('"').length - 1) % 2 === 1
}

export interface CsvUpdate {
  readonly bytes: Uint8Array
  /** Rows that were changed. */
  readonly updated: number
  readonly added: number
}

/**
 * Puts `rows` in the place of those with their `file_path`, and behind the last one those that it does not have. A row
 * of the table may name its page by an absolute path that ends in the same (`/catalog/loras/x.md` for `loras/x.md`).
 * Everything else stays, byte for byte: other rows, other columns, cells that say the same.
 * @returns undefined for a table without the column file_path
 */
export function updateCatalogCsv(bytes: Uint8Array, rows: readonly CatalogRow[]): CsvUpdate | undefined {
  const { mark, lines } = splitMark(bytes)
  const [header, ...body] = lines
  if (header === undefined) return { bytes: writeCatalogCsv(rows), updated: 0, added: rows.length }
  const names = header.cells.map(({ value }) => toText(value).trim())
  const pathAt = names.indexOf('file_path')
  if (pathAt < 0) return undefined
  const { changed, added } = matchRows(
    body.map(({ cells }) => toText(cells[pathAt]?.value ?? '')),
    rows,
  )
  const end = header.end === '' ? '\n' : header.end
  const written = body.map((line, at) => writeLine(line, names, changed.get(at)))
  const last = lines.at(-1)
  const text = [
    mark,
    header.cells.map(({ raw }) => raw).join(',') + header.end,
    ...written,
    last?.end === '' && added.length > 0 ? end : '',
    ...added.map((row) => writeRow(row, names) + end),
  ].join('')
  return { bytes: Buffer.from(text, 'latin1'), updated: changed.size, added: added.length }
}

/**
 * Which row of the table each row takes the place of. `x.md` and `loras/x.md` are two pages: a path that ends in the
 * same counts only where it is absolute, for one page, and for the one that says more of it.
 * @param paths of the table
 */
function matchRows(paths: readonly string[], rows: readonly CatalogRow[]) {
  const exact = new Map<string, number>()
  const tails = new Map<string, number[]>()
  for (const [at, path] of paths.entries()) {
    if (!exact.has(path)) exact.set(path, at)
    const parts = path.startsWith('/') ? path.split('/') : []
    for (let from = 1; from < parts.length; from += 1) {
      const tail = parts.slice(from).join('/')
      const same = tails.get(tail)
      if (same === undefined) tails.set(tail, [at])
      else same.push(at)
    }
  }
  const changed = new Map<number, CatalogRow>()
  const left: CatalogRow[] = []
  for (const row of rows) {
    const at = exact.get(row.file_path)
    if (at === undefined) left.push(row)
    else changed.set(at, row)
  }
  const depthOf = ({ file_path }: CatalogRow): number => file_path.split('/').length
  const found = new Set<CatalogRow>()
  for (const row of left.toSorted((one, other) => depthOf(other) - depthOf(one))) {
    const [at, ...others] = tails.get(row.file_path) ?? []
    if (at === undefined || others.length > 0 || changed.has(at)) continue
    changed.set(at, row)
    found.add(row)
  }
  return { changed, added: left.filter((row) => !found.has(row)) }
}

function writeLine({ cells, end }: CsvLine, names: readonly string[], row: CatalogRow | undefined): string {
  const kept = cells.map(({ raw }) => raw)
  if (row === undefined) return kept.join(',') + end
  for (const [at, name] of names.entries()) {
    if (name === 'file_path' || !Object.hasOwn(row, name)) continue
    const value = row[name as CatalogColumn]
    if (cells[at] === undefined || toText(cells[at].value) !== value) {
      while (kept.length < at) kept.push('')
      kept[at] = writeCell(value)
    }
  }
  return kept.join(',') + end
}
