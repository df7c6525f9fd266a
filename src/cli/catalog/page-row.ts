import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { textOf } from '../dependency-state.ts'
import type { CatalogRow } from './csv.ts'

/** A page as the catalog's table has it, in which words are spelled as Python does. */
export const toCatalogRow = (filePath: string, page: JsonObject, tested: 'Yes' | 'No', notes: string): CatalogRow => ({
  file_path: filePath,
  syntax_type: textOf(page.syntax_type) ?? '',
  tested,
  is_valid: page.is_valid === true ? 'True' : 'False',
  air: textOf(page.air) ?? '',
  download_count: String(typeof page.download_count === 'number' ? page.download_count : 0),
  notes,
})

export const textsOf = (value: JsonValue | undefined): string[] =>
  Array.isArray(value) ? value.filter((text) => typeof text === 'string') : []

export const objectsOf = (value: JsonValue | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : []
