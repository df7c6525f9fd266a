import { customType, integer, text } from 'drizzle-orm/sqlite-core'
import type { JsonObject, JsonValue } from '../lib/json.ts'

/** Row number, never used twice: an id that was deleted must not come to mean another row. */
export const rowId = () => integer('id').primaryKey({ autoIncrement: true })

/** Milliseconds since the epoch. */
export const timestamp = (name: string) => integer(name)

/** JSON text. Unlike drizzle's own JSON mode, a null given through a placeholder is NULL and not the text `null`. */
const json = customType<{ data: JsonValue; driverData: string | null }>({
  dataType: () => 'text',
  toDriver: (value) => (value === null ? null : JSON.stringify(value)),
  fromDriver: (value) => (value === null ? null : JSON.parse(value)) as JsonValue,
})

export const jsonObject = (name: string) => json(name).$type<JsonObject>()
export const jsonList = (name: string) => json(name).$type<JsonValue[]>()

/** Who wrote the row, for whom, and when: every row that the outside sees has these. */
export const authorship = () => ({
  createdBy: text('created_by').notNull(),
  updatedBy: text('updated_by').notNull(),
  onBehalfOf: text('on_behalf_of'),
  createdAt: timestamp('created_at').notNull(),
  updatedAt: timestamp('updated_at').notNull(),
})
