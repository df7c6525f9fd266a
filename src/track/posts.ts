import { and, eq, ne } from 'drizzle-orm'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { idField, requiredTextField, textField, toPublicId, toRowId } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation } from '../operation/operation.ts'
import { mergeCivitaiPair } from './civitai-pair.ts'
import type { Reader } from './conditions.ts'
import type { TrackDeps } from './deps.ts'
import { metadataField } from './metadata-field.ts'
import { type Post, postSchema, showPost } from './post-row.ts'
import { noSuchPost } from './references.ts'
import { newAuthorship, onBehalfOfField } from './row.ts'
import { POST_STATUSES, postsTable } from './table.ts'
import { recordChange } from './trail.ts'

const fields = {
  civitai_id: idField('civitai_id', 'The number N in https://civitai.com/posts/N; may be left out beside civitai_url'),
  civitai_url: requiredTextField('https://civitai.com/posts/N', 2_000),
  status: v.pipe(v.picklist(POST_STATUSES), v.description('How far publishing it on Civitai has come')),
  title: textField('Title of the post', 1_000),
  description: textField('Text of the post', 100_000),
  metadata: metadataField,
  on_behalf_of: onBehalfOfField,
}

const createSchema = v.strictObject({
  civitai_id: v.optional(fields.civitai_id),
  civitai_url: fields.civitai_url,
  status: v.optional(fields.status, 'published'),
  title: v.optional(fields.title),
  description: v.optional(fields.description),
  metadata: v.optional(fields.metadata),
  on_behalf_of: v.optional(fields.on_behalf_of),
})

const updateSchema = v.strictObject({
  post_id: idField('post_id', 'As create_civitai_post returned it; never the number in civitai.com/posts/N'),
  civitai_id: v.optional(fields.civitai_id),
  civitai_url: v.optional(fields.civitai_url),
  status: v.optional(fields.status),
  title: v.nullish(fields.title),
  description: v.nullish(fields.description),
  metadata: v.nullish(fields.metadata),
  on_behalf_of: v.nullish(fields.on_behalf_of),
})

type PostDeps = Pick<TrackDeps, 'db' | 'audit' | 'clock' | 'account'>

export function createPostOperations(deps: PostDeps): readonly Operation[] {
  return [
    defineOperation({
      name: 'create_civitai_post',
      summary: 'Record a post on Civitai',
      description:
        'Records a post that is on Civitai (it publishes nothing) and returns its post_id. The same post a second time gives a conflict whose `existing` holds the post_id to go on with. Before: create_asset for your media. After: update_asset with asset_id and post_id for each asset, since assets point to posts; fetch_civitai_post_assets with the civitai_id shows which media the post has.',
      example: {
        civitai_id: '23602354',
        civitai_url: 'https://civitai.com/posts/23602354',
        status: 'published',
        title: 'Sunset Mountain Landscape',
      },
      effect: 'write',
      permission: 'track:write',
      http: { method: 'post', path: '/v1/posts', status: 201 },
      input: createSchema,
      output: postSchema,
      run: (input, call) => createPost(deps, input, call),
    }),
    defineOperation({
      name: 'update_civitai_post',
      summary: 'Change the status, texts or metadata of a recorded post',
      description:
        'Changes a recorded post and returns all of it; nothing on Civitai changes. A field that is left out keeps its value, null clears it, metadata is replaced whole. Before: list_civitai_posts with civitai_id, for the post_id. After: nothing; to put assets into the post call update_asset for each of them.',
      example: { post_id: '789', status: 'published' },
      effect: 'write',
      permission: 'track:write',
      http: { method: 'patch', path: '/v1/posts/{post_id}' },
      input: updateSchema,
      output: postSchema,
      run: (input, call) => updatePost(deps, input, call),
    }),
  ]
}

async function createPost(
  { db, audit, clock, account }: PostDeps,
  input: v.InferOutput<typeof createSchema>,
  call: Call,
): Promise<Post> {
  const { civitaiId } = mergeCivitaiPair('post', input)
  if (civitaiId === null) throw new Error('A post address gave no number')
  const values = {
    civitaiId,
    civitaiUrl: input.civitai_url,
    civitaiAccount: account,
    status: input.status,
    title: input.title ?? null,
    description: input.description ?? null,
    metadata: input.metadata ?? null,
    ...newAuthorship(call, clock.now(), input.on_behalf_of),
  }
  return db.write(async (tx) => {
    await requireNewPost(tx, civitaiId)
    const id = (await tx.insert(postsTable).values(values).returning({ id: postsTable.id }))[0]?.id
    if (id === undefined) throw new Error('The database gave a new post no id')
    const post = showPost({ id, ...values })
    const change = { table: 'posts', rowId: post.post_id, before: null, after: post } as const
    await recordChange(audit, call, 'create_civitai_post', values.createdAt, change)
    return post
  })
}

async function updatePost(
  { db, audit, clock }: PostDeps,
  input: v.InferOutput<typeof updateSchema>,
  call: Call,
): Promise<Post> {
  const now = clock.now()
  const { post_id, civitai_id, civitai_url, on_behalf_of, ...rest } = input
  return db.write(async (tx) => {
    const row = (
      await tx
        .select()
        .from(postsTable)
        .where(eq(postsTable.id, toRowId(post_id)))
    )[0]
    if (row === undefined) throw noSuchPost(post_id)
    const before = showPost(row)
    const given = Object.entries({ ...rest, onBehalfOf: on_behalf_of }).filter(([, value]) => value !== undefined)
    const pair = mergeCivitaiPair('post', { civitai_id, civitai_url }, row)
    const civitaiId = pair.civitaiId ?? row.civitaiId
    if (given.length === 0 && civitai_id === undefined && civitai_url === undefined) return before
    await requireNewPost(tx, civitaiId, row.id)
    const next = {
      ...row,
      ...Object.fromEntries(given),
      civitaiId,
      civitaiUrl: pair.civitaiUrl ?? row.civitaiUrl,
      updatedBy: call.actor.name,
      updatedAt: now,
    }
    const { id: _, ...values } = next
    await tx.update(postsTable).set(values).where(eq(postsTable.id, row.id))
    const after = showPost(next)
    await recordChange(audit, call, 'update_civitai_post', now, { table: 'posts', rowId: post_id, before, after })
    return after
  })
}

/** @throws AppError conflict with the post that has this number already */
async function requireNewPost(db: Reader, civitaiId: string, except?: number): Promise<void> {
  const rows = await db
    .select({ id: postsTable.id })
    .from(postsTable)
    .where(and(eq(postsTable.civitaiId, civitaiId), except === undefined ? undefined : ne(postsTable.id, except)))
  if (rows[0] === undefined) return
  const id = toPublicId(rows[0].id)
  throw new AppError('conflict', `Civitai post ${civitaiId} is recorded already`, {
    existing: { post_id: id },
    hint: `Use post_id ${id}: list_civitai_posts shows it, update_civitai_post changes it`,
  })
}
