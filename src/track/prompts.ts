import { and, desc, eq, sql } from 'drizzle-orm'
import * as v from 'valibot'
import { onFirstUse } from '../lib/on-first-use.ts'
import { idField, limitField, offsetField, requiredTextField, textField, toRowId } from '../operation/fields.ts'
import { defineOperation, type Operation } from '../operation/operation.ts'
import { contains, equals } from './conditions.ts'
import type { TrackDeps } from './deps.ts'
import { metadataField } from './metadata-field.ts'
import { promptSchema, showPrompt } from './prompt-row.ts'
import { noSuchPrompt } from './references.ts'
import { createdByField, newAuthorship, onBehalfOfField, pageEntries } from './row.ts'
import { promptsTable } from './table.ts'
import { recordChange } from './trail.ts'

export const MAX_PROMPT_CHARACTERS = 1_000_000

export function createPromptOperations(deps: Pick<TrackDeps, 'db' | 'audit' | 'clock'>): readonly Operation[] {
  const { db, audit, clock } = deps
  const insert = onFirstUse(() => prepareInsert(deps))
  const byId = onFirstUse(() =>
    db.read
      .select()
      .from(promptsTable)
      .where(eq(promptsTable.id, sql.placeholder('id')))
      .prepare(),
  )

  return [
    defineOperation({
      name: 'create_prompt',
      summary: 'Record the text prompt that an image or video is made from',
      description:
        'Records a prompt and returns its prompt_id. Every call makes a new prompt: keep the id instead of calling again. Before: nothing, or list_prompts with query where it may be recorded already. After: create_asset with the prompt_id as input_prompt_id (the prompt that produced the asset) or output_prompt_id (a prompt derived from it, such as a caption); update_asset where the asset is recorded already.',
      example: {
        prompt_text: 'A serene mountain landscape at sunset',
        llm_model_provider: 'openai',
        llm_model: 'dall-e-3',
        purpose: 'image_generation',
      },
      effect: 'write',
      permission: 'track:write',
      http: { method: 'post', path: '/v1/prompts', status: 201 },
      input: v.strictObject({
        prompt_text: requiredTextField('The prompt as it was given to the model', MAX_PROMPT_CHARACTERS),
        llm_model_provider: v.optional(textField('Who runs the model, such as openai')),
        llm_model: v.optional(textField('Name of the model')),
        purpose: v.optional(textField('What the prompt is for, such as image_generation')),
        metadata: v.optional(metadataField),
        on_behalf_of: v.optional(onBehalfOfField),
      }),
      output: promptSchema,
      async run(input, call) {
        const row = {
          promptText: input.prompt_text,
          llmModelProvider: input.llm_model_provider ?? null,
          llmModel: input.llm_model ?? null,
          purpose: input.purpose ?? null,
          metadata: input.metadata ?? null,
          ...newAuthorship(call, clock.now(), input.on_behalf_of),
        }
        const record = async () => {
          const id = (await insert().execute(row))[0]?.id
          if (id === undefined) throw new Error('The database gave a new prompt no id')
          const prompt = showPrompt({ id, ...row })
          const change = { table: 'prompts', rowId: prompt.prompt_id, before: null, after: prompt } as const
          await recordChange(audit, call, 'create_prompt', row.createdAt, change)
          return prompt
        }
        return db.write(record, { onlyInserts: true })
      },
    }),
    defineOperation({
      name: 'get_prompt',
      summary: 'One recorded prompt',
      description:
        'Returns the prompt with this prompt_id. Before: list_prompts with query, where you do not know the id. After: nothing, or create_asset or update_asset to link it to an asset.',
      example: { prompt_id: '123' },
      effect: 'read',
      permission: 'track:read',
      http: { method: 'get', path: '/v1/prompts/{prompt_id}' },
      input: v.strictObject({ prompt_id: idField('prompt_id', 'As create_prompt returned it') }),
      output: promptSchema,
      async run({ prompt_id }) {
        const rows = await byId().execute({ id: toRowId(prompt_id) })
        if (rows[0] === undefined) throw noSuchPrompt(prompt_id)
        return showPrompt(rows[0])
      },
    }),
    defineOperation({
      name: 'list_prompts',
      summary: 'Recorded prompts, newest first',
      description:
        'Lists prompts, newest first; with query only those whose text contains it. Before: nothing. After: create_asset or update_asset with the prompt_id of a result.',
      example: { query: 'mountain', limit: 10 },
      effect: 'read',
      permission: 'track:read',
      http: { method: 'get', path: '/v1/prompts' },
      input: v.strictObject({
        query: v.optional(requiredTextField('Words that stand in prompt_text, one after another', 1_000)),
        created_by: v.optional(createdByField),
        limit: limitField(50, 500),
        offset: offsetField,
      }),
      output: v.object({ prompts: v.array(promptSchema), ...pageEntries }),
      async run({ query, created_by, limit, offset }) {
        const where = and(contains(promptsTable.promptText, query), equals(promptsTable.createdBy, created_by))
        const [rows, count] = await Promise.all([
          db.read
            .select()
            .from(promptsTable)
            .where(where)
            .orderBy(desc(promptsTable.createdAt), desc(promptsTable.id))
            .limit(limit)
            .offset(offset),
          db.read.$count(promptsTable, where),
        ])
        return { prompts: rows.map(showPrompt), count, limit, offset }
      },
    }),
  ]
}

/** Prepared once: building the statement costs more than running it, and this one is called most. */
function prepareInsert({ db }: Pick<TrackDeps, 'db'>) {
  const { placeholder } = sql
  return db.writer
    .insert(promptsTable)
    .values({
      promptText: placeholder('promptText'),
      llmModelProvider: placeholder('llmModelProvider'),
      llmModel: placeholder('llmModel'),
      purpose: placeholder('purpose'),
      metadata: placeholder('metadata'),
      createdBy: placeholder('createdBy'),
      updatedBy: placeholder('updatedBy'),
      onBehalfOf: placeholder('onBehalfOf'),
      createdAt: placeholder('createdAt'),
      updatedAt: placeholder('updatedAt'),
    })
    .returning({ id: promptsTable.id })
    .prepare()
}
