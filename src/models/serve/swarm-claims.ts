import { and, asc, eq, gt, isNotNull, isNull, sql } from 'drizzle-orm'
import { onFirstUse } from '../../lib/on-first-use.ts'
import { modelFilesTable as files } from '../table.ts'
import type { ServedRowsDeps } from './served-rows.ts'

/** What SwarmUI shows of a model, as ModelSpec headers write it. */
const KEYS = [
  'title',
  'architecture',
  'description',
  'resolution',
  'author',
  'date',
  'usage_hint',
  'trigger_phrase',
  'tags',
] as const

/** What a header says of its file; proves nothing. */
export type SwarmClaims = { readonly [key in (typeof KEYS)[number]]?: string }

export interface SwarmClaimsReader {
  /** By path, of every file whose digest is known and whose header says any of it; a few at a time. */
  pages(): AsyncIterable<readonly (readonly [path: string, claims: SwarmClaims])[]>
}

/** Rows that are read in a few milliseconds, although their claims may be long. */
const PAGE = 100

/** Longer texts would make the list of thousands of models too long. */
const MAX_TEXT = 500

export function createSwarmClaims({ db, instanceId }: Pick<ServedRowsDeps, 'db' | 'instanceId'>): SwarmClaimsReader {
  // All in one call: SQLite then reads the claims once.
  const paths = KEYS.map((key) => `'$.header."modelspec.${key}"'`).join(', ')
  const page = onFirstUse(() =>
    db.read
      .select({ path: files.path, header: sql<string | null>`json_extract(${files.claims}, ${sql.raw(paths)})` })
      .from(files)
      .where(
        and(
          eq(files.instanceId, sql.placeholder('instance')),
          gt(files.path, sql.placeholder('after')),
          isNotNull(files.sha256),
          isNull(files.goneAt),
        ),
      )
      .orderBy(asc(files.path))
      .limit(PAGE)
      .prepare(),
  )

  return {
    async *pages() {
      for (let after = ''; ; ) {
        const rows = await page().all({ instance: instanceId(), after })
        const last = rows.at(-1)
        if (last === undefined) return
        yield rows.flatMap(({ path, header }) => {
          const claims = toClaims(header)
          return claims === undefined ? [] : [[path, claims] as const]
        })
        after = last.path
      }
    },
  }
}

function toClaims(header: string | null): SwarmClaims | undefined {
  const values: unknown = header === null ? [] : JSON.parse(header)
  if (!Array.isArray(values)) return undefined
  const claimed = KEYS.flatMap((key, at) => {
    const value: unknown = values[at]
    return typeof value === 'string' && value.trim() !== ''
      ? [[key, value.trim().slice(0, MAX_TEXT).toWellFormed()]]
      : []
  })
  return claimed.length === 0 ? undefined : Object.fromEntries(claimed)
}
