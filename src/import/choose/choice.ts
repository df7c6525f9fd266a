import * as v from 'valibot'
import type { JsonObject, JsonValue } from '../../lib/json.ts'
import { isJsonObject } from '../../lib/json.ts'
import { MODEL_TYPES } from '../../models/model-file.ts'
import type { Dependency } from '../dependency.ts'

/** What somebody decided about a dependency: exactly one of path, air, url, sha256, tensor_sha256, node and skip. */
export const choiceSchema = v.object({
  reference: v.string(),
  /** Where several have the reference. */
  type: v.exactOptional(v.picklist(MODEL_TYPES)),
  path: v.exactOptional(v.string()),
  air: v.exactOptional(v.string()),
  /** Without users, keys and signatures. */
  url: v.exactOptional(v.string()),
  /** Lower-case hex, as the next. */
  sha256: v.exactOptional(v.string()),
  tensor_sha256: v.exactOptional(v.string()),
  /** What it lists under the name. */
  node: v.exactOptional(v.string()),
  name: v.exactOptional(v.string()),
  /** As it was when it was chosen. */
  size_bytes: v.exactOptional(v.number()),
  skip: v.exactOptional(v.literal(true)),
  /** Who decided: what a token names is no more than a token may, in the owner's job too. */
  by: v.optional(v.picklist(['owner', 'token']), 'token'),
})

export type Choice = v.InferOutput<typeof choiceSchema>

/** The choice for a dependency: the last one that was made. */
export const choiceFor = (
  choices: readonly Choice[],
  { reference, type }: Pick<Dependency, 'reference' | 'type'>,
): Choice | undefined =>
  choices.findLast((choice) => choice.reference === reference && (choice.type === undefined || choice.type === type))

/** The stored input of a job with one more choice, in place of an earlier one for the same. */
export function withChoice(input: JsonObject, choice: Choice): JsonObject {
  const before: readonly JsonValue[] = Array.isArray(input.choices) ? input.choices : []
  const others = before.filter(
    (each) => !isJsonObject(each) || each.reference !== choice.reference || each.type !== choice.type,
  )
  return { ...input, choices: [...others, { ...choice }] }
}
