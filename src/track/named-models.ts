import { and, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import { assetModelsTable as links } from './table.ts'

/** What prompts call the files of this host that have a digest, whole or shortened: stems, and types that they may have. */
export type FindNames = (
  hash: string,
) => Promise<readonly { readonly stem: string; readonly types: readonly string[] }[]>

/**
 * Links that know nothing of their model but its name, where a file of this host has that name: its digest may have
 * become known long after the link was made.
 */
export function isNamed(names: Awaited<ReturnType<FindNames>>): SQL | undefined {
  if (names.length === 0) return undefined
  const named = names.map(({ stem, types }) => and(eq(links.name, stem), inArray(links.type, [...types])))
  return and(...IDENTITIES.map(isUnknown), or(...named))
}

const IDENTITIES = [
  links.sha256,
  links.tensorSha256,
  links.autoV1,
  links.autoV2,
  links.autoV3,
  links.civitaiVersionId,
] as const

/** The plus keeps the query from being answered by the index of a digest, where most rows may have none. */
const isUnknown = (column: (typeof IDENTITIES)[number]): SQL => sql`+${column} IS NULL`
