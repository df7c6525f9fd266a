import * as v from 'valibot'
import { isJsonObject } from '../lib/json.ts'
import { idSchema, lenient, nameSchema, textSchema, timeSchema } from './wire.ts'

/** What the author of a model allows; null where Civitai does not say, which is no permission. */
export interface CivitaiLicense {
  readonly allowNoCredit: boolean | null
  /** `Image`, `RentCivit`, `Rent`, `Sell`; empty: none. */
  readonly allowCommercialUse: readonly string[] | null
  readonly allowDerivatives: boolean | null
  readonly allowDifferentLicense: boolean | null
}

export interface PaidAccess {
  readonly permanent: boolean
  /** ISO 8601, as Civitai writes it; null where it is permanent or not told. */
  readonly endsAt: string | null
}

/** One version of a model as people know it. What an answer lacks is null; texts are shortened. */
export interface ModelLabel {
  readonly modelId: number | null
  readonly versionId: number
  readonly modelName: string | null
  readonly versionName: string | null
  /** Civitai's spelling: `LORA`, `Checkpoint`, `TextualInversion` … */
  readonly type: string | null
  /** `SDXL 1.0`, `Flux.1 D` … */
  readonly baseModel: string | null
  readonly trainedWords: readonly string[]
  /** Null where only the version answered: the flags stand at the model alone. */
  readonly license: CivitaiLicense | null
  readonly nsfw: boolean | null
  /** `Public`, `EarlyAccess`, `Archived`, `TakenDown` … */
  readonly availability: string | null
  /** Whoever has not paid cannot fetch it, or not until then; whether that is over the reader's clock says. */
  readonly paidAccess: PaidAccess | null
}

const MAX_WORDS = 100
const MAX_WORD = 1_000
const MAX_VERSIONS = 2_000

const name = nameSchema
const time = timeSchema
const flag = lenient(v.boolean())
const word = textSchema(MAX_WORD)

const words = v.pipe(
  lenient(v.array(v.unknown())),
  v.transform((list) =>
    (list ?? [])
      .filter((item) => typeof item === 'string')
      .slice(0, MAX_WORDS)
      .map((item) => v.safeParse(word, item))
      .flatMap((parsed) => (parsed.success ? [parsed.output] : [])),
  ),
)

const versionSchema = v.object({
  id: idSchema,
  modelId: lenient(idSchema),
  name,
  baseModel: name,
  trainedWords: words,
  availability: name,
  paidAccess: lenient(v.object({ permanent: flag, endsAt: time })),
  // Spellings of older answers, and of the model's own list of versions.
  earlyAccessEndsAt: time,
  earlyAccessDeadline: time,
  model: lenient(v.object({ name, type: name, nsfw: flag, mode: name })),
})

const modelSchema = v.object({
  id: idSchema,
  name,
  type: name,
  nsfw: flag,
  mode: name,
  availability: name,
  allowNoCredit: flag,
  allowCommercialUse: v.unknown(),
  allowDerivatives: flag,
  allowDifferentLicense: flag,
  modelVersions: lenient(v.array(v.unknown())),
})

type WireVersion = v.InferOutput<typeof versionSchema>

/** The label that `/model-versions/{id}` gives; it knows no licence. Undefined for what is no version. */
export function parseVersion(answer: unknown): ModelLabel | undefined {
  const parsed = v.safeParse(versionSchema, answer)
  if (!parsed.success) return undefined
  const { model, modelId } = parsed.output
  return {
    ...labelOf(parsed.output, model?.mode ?? null),
    modelId,
    modelName: model?.name ?? null,
    type: model?.type ?? null,
    nsfw: model?.nsfw ?? null,
    license: null,
  }
}

export interface ParsedModel {
  readonly modelId: number
  readonly modelName: string | null
  readonly type: string | null
  readonly nsfw: boolean | null
  /** `Archived`, `TakenDown`, else as the model says of itself. */
  readonly availability: string | null
  readonly license: CivitaiLicense
  readonly versions: readonly ModelLabel[]
}

/** A model with its versions: `/models/{id}`, or one item of `/models`. Undefined for what is no model. */
export function parseModel(item: unknown): ParsedModel | undefined {
  const parsed = v.safeParse(modelSchema, isJsonObject(item) ? { allowCommercialUse: null, ...item } : item)
  if (!parsed.success) return undefined
  const model = parsed.output
  const license: CivitaiLicense = {
    allowNoCredit: model.allowNoCredit,
    allowCommercialUse: parseCommercialUse(model.allowCommercialUse),
    allowDerivatives: model.allowDerivatives,
    allowDifferentLicense: model.allowDifferentLicense,
  }
  const versions = (model.modelVersions ?? []).slice(0, MAX_VERSIONS).flatMap((item): ModelLabel[] => {
    const version = v.safeParse(versionSchema, item)
    if (!version.success) return []
    const { name: modelName, type, nsfw } = model
    const own = labelOf(version.output, model.mode)
    const availability = own.availability ?? model.availability
    return [{ ...own, modelId: model.id, modelName, type, nsfw, license, availability }]
  })
  const { id: modelId, name: modelName, type, nsfw } = model
  return { modelId, modelName, type, nsfw, availability: model.mode ?? model.availability, license, versions }
}

/** `mode` says that a model was archived or taken down; it outweighs what the version says of itself. */
function labelOf(version: WireVersion, mode: string | null) {
  const endsAt = version.paidAccess?.endsAt ?? version.earlyAccessEndsAt ?? version.earlyAccessDeadline
  const isPaid = version.paidAccess !== null || endsAt !== null || version.availability === 'EarlyAccess'
  return {
    versionId: version.id,
    versionName: version.name,
    baseModel: version.baseModel,
    trainedWords: version.trainedWords,
    availability: mode ?? version.availability,
    paidAccess: isPaid ? { permanent: version.paidAccess?.permanent ?? false, endsAt } : null,
  }
}

const usesSchema = v.pipe(v.array(v.pipe(v.string(), v.regex(/^[A-Za-z]{1,40}$/))), v.maxLength(10))

/**
 * `["Image", "Rent"]`, `"{Image,Rent}"` as the database writes a list, or `"Sell"` of older answers. Null for what is
 * missing or unreadable: then nothing is allowed.
 */
function parseCommercialUse(value: unknown): readonly string[] | null {
  const parsed = v.safeParse(usesSchema, typeof value === 'string' ? splitUses(value) : value)
  return parsed.success ? parsed.output.filter((use) => use !== 'None') : null
}

function splitUses(text: string): readonly string[] {
  const list = text.trim().replace(/^\{(.*)\}$/, '$1')
  return list === '' ? [] : list.split(',').map((use) => use.trim().replace(/^"(.*)"$/, '$1'))
}
