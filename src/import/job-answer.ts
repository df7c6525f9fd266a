import * as v from 'valibot'
import { type JobRow, toPublicJob } from '../jobs/job.ts'
import { fromJson, type JsonObject } from '../lib/json.ts'
import { type Actor, holds } from '../operation/permission.ts'
import type { importJobSchema } from './import-job.ts'
import { type PackedText, packedTextSchema, unpackText } from './packed-text.ts'

type ImportAnswer = JsonObject & v.InferInput<typeof importJobSchema>

/** The job as everybody may see it who may see it at all. */
export const toAnswer = (row: JobRow): ImportAnswer => toPublicJob(row) as ImportAnswer

const privateSchema = v.object({ rewritten: v.array(packedTextSchema) })

/** What a job keeps of a prompt with local names, the text that tells most first. */
export const toPrivate = (rewritten: readonly PackedText[]): JsonObject | undefined =>
  rewritten.length === 0 ? undefined : fromJson({ rewritten })

/**
 * The job with the prompt itself, for those alone whose prompt it is: its owner, and admin.
 * @throws AppError internal where what was kept is damaged
 */
export async function toOwnAnswer(row: JobRow, actor: Actor): Promise<ImportAnswer> {
  const answer = toAnswer(row)
  const isOwn = row.owner === actor.name || holds(actor, 'admin')
  if (!isOwn || row.private === null) return answer
  const { rewritten } = v.parse(privateSchema, row.private)
  const [payload, ...others] = rewritten
  const workflow = others.find(({ key }) => key === 'workflow')
  if (payload !== undefined) answer.rewritten_payload = await unpackText(payload)
  if (workflow !== undefined) answer.rewritten_workflow = await unpackText(workflow)
  return answer
}
