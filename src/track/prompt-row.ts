import * as v from 'valibot'
import { toPublicId } from '../operation/fields.ts'
import { shownMetadata } from './metadata-field.ts'
import { authorEntries, showAuthorship, shownId } from './row.ts'
import type { promptsTable } from './table.ts'

/** A prompt as every operation answers it. */
export const promptSchema = v.object({
  prompt_id: shownId,
  prompt_text: v.string(),
  llm_model_provider: v.nullable(v.string()),
  llm_model: v.nullable(v.string()),
  purpose: v.nullable(v.string()),
  metadata: shownMetadata,
  ...authorEntries,
})
export type Prompt = v.InferOutput<typeof promptSchema>

export const showPrompt = (row: typeof promptsTable.$inferSelect): Prompt => ({
  prompt_id: toPublicId(row.id),
  prompt_text: row.promptText,
  llm_model_provider: row.llmModelProvider,
  llm_model: row.llmModel,
  purpose: row.purpose,
  metadata: row.metadata,
  ...showAuthorship(row),
})
