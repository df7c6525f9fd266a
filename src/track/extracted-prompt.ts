import { and, eq, sql } from 'drizzle-orm'
import type { Db, WriteDb } from '../db/db.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { cleanJson, cleanText } from '../operation/check-text.ts'
import { toPublicId } from '../operation/fields.ts'
import type { Call } from '../operation/operation.ts'
import type { Asset } from './asset-row.ts'
import type { Reader } from './conditions.ts'
import type { TrackDeps } from './deps.ts'
import type { ExtractedPrompt } from './media-record.ts'
import { MAX_METADATA_BYTES } from './metadata-field.ts'
import { showPrompt } from './prompt-row.ts'
import { MAX_PROMPT_CHARACTERS } from './prompts.ts'
import type { Authorship } from './row.ts'
import { promptsTable } from './table.ts'
import { recordChange } from './trail.ts'

const PURPOSES = { image: 'image_generation', video: 'video_generation' } as const

/** A prompt as create_prompt would take it; undefined where it is blank or too long, its metadata null where they are. */
export function toRecordable({ text, metadata }: ExtractedPrompt): ExtractedPrompt | undefined {
  const clean = cleanText(text)
  if (clean.trim() === '' || clean.length > MAX_PROMPT_CHARACTERS) return undefined
  return { text: clean, metadata: metadata === null ? null : toRecordableMetadata(metadata) }
}

function toRecordableMetadata(metadata: JsonObject): JsonObject | null {
  const clean = cleanJson(metadata)
  if (!isJsonObject(clean) || Object.keys(clean).length === 0) return null
  return Buffer.byteLength(JSON.stringify(clean)) > MAX_METADATA_BYTES ? null : clean
}

/**
 * The oldest prompt with exactly this text and these metadata. Written so that `prompts_by_text` finds it, and in SQL on
 * both sides: `substr` counts characters, JavaScript halves of some.
 */
export async function findSamePrompt(db: Reader, { text, metadata }: ExtractedPrompt): Promise<number | undefined> {
  const json = metadata === null ? null : JSON.stringify(metadata)
  const rows = await db
    .select({ id: promptsTable.id })
    .from(promptsTable)
    .where(
      and(
        sql`substr(${promptsTable.promptText}, 1, 80) = substr(${text}, 1, 80)`,
        sql`substr(${promptsTable.metadata}, -80) is substr(${json}, -80)`,
        eq(promptsTable.promptText, text),
        sql`${promptsTable.metadata} is ${json}`,
      ),
    )
    .orderBy(promptsTable.id)
    .limit(1)
  return rows[0]?.id
}

/** The same for whoever is no part of the ledger: a prompt_id. */
export const createPromptFinder =
  ({ read }: Pick<Db, 'read'>) =>
  async (prompt: ExtractedPrompt): Promise<string | undefined> => {
    const id = await findSamePrompt(read, prompt)
    return id === undefined ? undefined : toPublicId(id)
  }

/**
 * The prompt of an asset, as its row number: recorded, unless the ledger has the same. Inside the write that records or
 * changes the asset, so that there is never one without the other.
 */
export async function keepExtractedPrompt(
  tx: WriteDb,
  audit: TrackDeps['audit'],
  call: Call,
  of: {
    readonly prompt: ExtractedPrompt
    readonly type: Asset['asset_type']
    readonly authorship: Authorship
    /** The operation that records it. */
    readonly op: 'create_asset' | 'update_asset'
  },
): Promise<number> {
  const same = await findSamePrompt(tx, of.prompt)
  if (same !== undefined) return same
  const row = {
    promptText: of.prompt.text,
    llmModelProvider: null,
    llmModel: null,
    purpose: PURPOSES[of.type],
    metadata: of.prompt.metadata,
    ...of.authorship,
  }
  const id = (await tx.insert(promptsTable).values(row).returning({ id: promptsTable.id }))[0]?.id
  if (id === undefined) throw new Error('The database gave a new prompt no id')
  const after = showPrompt({ id, ...row })
  const change = { table: 'prompts', rowId: after.prompt_id, before: null, after } as const
  await recordChange(audit, call, of.op, row.createdAt, change)
  return id
}
