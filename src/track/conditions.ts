import { and, eq, gte, lte, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { ReadDb } from '../db/db.ts'
import type { TimeRange } from './time-range.ts'

/** Reads, beside or inside a write. */
export type Reader = Pick<ReadDb, 'select'>

/** `column = value`, or nothing where the filter was not given. */
export const equals = (column: SQLiteColumn, value: unknown): SQL | undefined =>
  value === undefined ? undefined : eq(column, value)

export const within = (column: SQLiteColumn, { from, to }: TimeRange): SQL | undefined =>
  and(from === undefined ? undefined : gte(column, from), to === undefined ? undefined : lte(column, to))

/** `column in (…)` for any number of values: one parameter, where SQLite bounds how many there may be. */
export const isAmong = (column: SQLiteColumn, values: readonly (string | number)[]): SQL =>
  sql`${column} in (select value from json_each(${JSON.stringify(values)}))`

/** A text that `column` contains; ASCII letters match in either case. */
export const contains = (column: SQLiteColumn, text: string | undefined): SQL | undefined =>
  text === undefined
    ? undefined
    : sql`${column} like ${`%${text.replace(/[\\%_]/g, (letter) => `\\${letter}`)}%`} escape '\\'`
