import { and, eq, gte, inArray, isNull, lt, or, type SQL } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { parseCivitaiModelLink } from '../civitai/links.ts'
import { AppError } from '../errors.ts'
import { requiredTextField } from '../operation/fields.ts'
import type { TrackDeps } from './deps.ts'
import { isNamed } from './named-models.ts'
import { assetsTable, assetModelsTable as models, postsTable } from './table.ts'

/** `civitai:1@2`, alone or within a whole AIR; without `@2` every version of the model. */
const CIVITAI_AIR = /(?:^|:)civitai:(\d{1,15})(?:@(\d{1,15}))?(?:$|[+.:])/i
const ANY_AIR = /^(?:urn:)?air:|^[\w-]+:[\w./-]+@/i
const VERSION_REFERENCE = /^civitai:version:(\d{1,15})$/i
const HASH = /^(?:0x|sha256:|autov[123]:)?([0-9a-f]{8}|[0-9a-f]{10}|[0-9a-f]{12}|[0-9a-f]{64})$/i

export const usesField = (what: string) =>
  requiredTextField(`${what}: a digest, an AIR, a Civitai version number or its address on Civitai`, 2_000)

/**
 * Which model links a text means: a digest (SHA-256 of the file or of its tensors, AutoV1, AutoV2, AutoV3), an AIR, the
 * number of a Civitai version, or the address of a model there; one without a version means all of them. Digits may be
 * both a version and a short digest: then either counts. What is linked by nothing but a name is known by the file of
 * this host that has it.
 * @throws AppError invalid_input for anything else
 */
async function linksThatUse(text: string, findNames: TrackDeps['findNames']): Promise<SQL> {
  const wanted = text.trim()
  const [, modelOfAir, versionOfAir] = CIVITAI_AIR.exec(wanted) ?? []
  const link = parseCivitaiModelLink(wanted)
  const modelId = link?.modelId ?? modelOfAir
  const version =
    link?.versionId ?? versionOfAir ?? VERSION_REFERENCE.exec(wanted)?.[1] ?? /^\d{1,15}$/.exec(wanted)?.[0]
  const hex = HASH.exec(wanted)?.[1]?.toLowerCase()
  const condition = or(
    version === undefined ? undefined : eq(models.civitaiVersionId, Number(version)),
    hex === undefined ? undefined : hasDigest(hex),
    hex === undefined ? undefined : isNamed((await findNames?.(hex)) ?? []),
    modelId === undefined || version !== undefined ? undefined : eq(models.civitaiModelId, Number(modelId)),
    ANY_AIR.test(wanted) ? eq(models.air, wanted) : undefined,
  )
  if (condition !== undefined) return condition
  const expected =
    'uses must be a digest of 8, 10, 12 or 64 hex digits, an AIR, the number of a Civitai version or the address of a model on Civitai'
  throw new AppError('invalid_input', expected, { errors: [{ path: 'uses', expected }] })
}

/** What tells which assets were made with a model. */
export type UsesDeps = Pick<TrackDeps, 'db' | 'findNames'>

/**
 * Which assets were made with the model that a text means, as {@link linksThatUse} reads it: a condition on assets.
 * @throws AppError invalid_input
 */
export async function assetUses({ db: { read }, findNames }: UsesDeps, text: string): Promise<SQL> {
  const used = await linksThatUse(text, findNames)
  return inArray(assetsTable.id, read.select({ id: models.assetId }).from(models).where(used))
}

/** The same for the posts that such assets are in. */
export async function postUses(deps: UsesDeps, text: string): Promise<SQL> {
  const used = await assetUses(deps, text)
  return inArray(postsTable.id, deps.db.read.select({ id: assetsTable.postId }).from(assetsTable).where(used))
}

/** A link knows a model by whatever its source wrote, so a long digest also meets its beginnings, and the reverse. */
function hasDigest(hex: string): SQL | undefined {
  switch (hex.length) {
    case 64: {
      const only = and(isNull(models.sha256), isNull(models.tensorSha256))
      return or(
        eq(models.sha256, hex),
        eq(models.tensorSha256, hex),
        and(eq(models.autoV2, hex.slice(0, 10)), only),
        and(eq(models.autoV3, hex.slice(0, 12)), only),
      )
    }
    case 12:
      // AutoV3 is the start of the tensor digest; Forge writes the start of the file's there.
      return or(eq(models.autoV3, hex), startsWith(models.sha256, hex), startsWith(models.tensorSha256, hex))
    case 10:
      return or(eq(models.autoV2, hex), startsWith(models.sha256, hex))
    default:
      return or(eq(models.autoV1, hex), startsWith(models.sha256, hex))
  }
}

/** As a range, which an index can answer; `g` is the letter after the last hex digit. */
const startsWith = (column: SQLiteColumn, hex: string): SQL | undefined => and(gte(column, hex), lt(column, `${hex}g`))
