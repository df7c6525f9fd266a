import { and, eq, inArray, isNull, or, type SQL } from 'drizzle-orm'
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
  return and(
    isNull(links.sha256),
    isNull(links.tensorSha256),
    isNull(links.autoV1),
    isNull(links.autoV2),
    isNull(links.autoV3),
    isNull(links.civitaiVersionId),
    or(...named),
  )
}
