import * as v from 'valibot'
import { toIso } from '../lib/clock.ts'
import { textField } from '../operation/fields.ts'
import type { Call } from '../operation/operation.ts'

/** What every row shows of who wrote it, as the output schemas of operations have it. */
export const authorEntries = {
  created_by: v.pipe(v.string(), v.description("`local` for the owner of this host, else the token's name")),
  updated_by: v.string(),
  on_behalf_of: v.nullable(v.string()),
  created_at: v.string(),
  updated_at: v.string(),
}

export interface Authorship {
  readonly createdBy: string
  readonly updatedBy: string
  readonly onBehalfOf: string | null
  readonly createdAt: number
  readonly updatedAt: number
}

export const newAuthorship = (call: Call, now: number, onBehalfOf: string | null = null): Authorship => ({
  createdBy: call.actor.name,
  updatedBy: call.actor.name,
  onBehalfOf,
  createdAt: now,
  updatedAt: now,
})

export const showAuthorship = (row: Authorship) => ({
  created_by: row.createdBy,
  updated_by: row.updatedBy,
  on_behalf_of: row.onBehalfOf,
  created_at: toIso(row.createdAt),
  updated_at: toIso(row.updatedAt),
})

export const onBehalfOfField = textField('Person or agent for whom this is recorded, where that is not the caller', 200)
export const createdByField = textField('Name of who recorded it: a token’s name, or `local` for the owner', 200)

/** What a list says besides its rows. */
export const pageEntries = {
  count: v.pipe(v.number(), v.description('Rows that match, on all pages together')),
  limit: v.number(),
  offset: v.number(),
}

/** An id in an answer. */
export const shownId = v.string()
