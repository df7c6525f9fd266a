import { eq } from 'drizzle-orm'
import { AppError } from '../errors.ts'
import { toPublicId, toRowId } from '../operation/fields.ts'
import { isAmong, type Reader } from './conditions.ts'
import { assetsTable, postsTable, promptsTable } from './table.ts'

/** The message that the recording guide names; the hint says which row and what to call. */
export const notFound = (hint: string, field?: string): AppError =>
  new AppError('not_found', 'Record not found', {
    hint,
    ...(field === undefined ? {} : { errors: [{ path: field, expected: hint }] }),
  })

export const noSuchPrompt = (id: string, field = 'prompt_id'): AppError =>
  notFound(
    `${field} ${id} names no prompt: call create_prompt first and use the prompt_id it returns, or list_prompts`,
    field,
  )

export const noSuchPost = (id: string, field = 'post_id'): AppError =>
  notFound(
    `${field} ${id} names no recorded post: call create_civitai_post first and use the post_id it returns (not the number in civitai.com/posts/N), or list_civitai_posts`,
    field,
  )

export const noSuchAsset = (id: string, field = 'asset_id'): AppError =>
  notFound(`${field} ${id} names no asset: call find_asset or list_assets to find it, or create_asset first`, field)

export interface References {
  readonly input_prompt_id?: string | null | undefined
  readonly output_prompt_id?: string | null | undefined
  readonly post_id?: string | null | undefined
  readonly input_asset_ids?: readonly string[] | null | undefined
}

/** @throws AppError not_found naming the first row that does not exist */
export async function requireReferences(db: Reader, refs: References): Promise<void> {
  for (const field of ['input_prompt_id', 'output_prompt_id'] as const) {
    const id = refs[field]
    if (typeof id !== 'string') continue
    const rows = await db
      .select({ id: promptsTable.id })
      .from(promptsTable)
      .where(eq(promptsTable.id, toRowId(id)))
    if (rows.length === 0) throw noSuchPrompt(id, field)
  }
  if (typeof refs.post_id === 'string') {
    const id = toRowId(refs.post_id)
    const rows = await db.select({ id: postsTable.id }).from(postsTable).where(eq(postsTable.id, id))
    if (rows.length === 0) throw noSuchPost(refs.post_id)
  }
  const inputs = refs.input_asset_ids ?? []
  if (inputs.length === 0) return
  const rows = await db
    .select({ id: assetsTable.id })
    .from(assetsTable)
    .where(isAmong(assetsTable.id, inputs.map(toRowId)))
  const known = new Set(rows.map(({ id }) => toPublicId(id)))
  const missing = inputs.find((id) => !known.has(id))
  if (missing !== undefined) throw noSuchAsset(missing, 'input_asset_ids')
}
