import * as v from 'valibot'
import { formatAir, parseAir } from '../air/air.ts'
import { isJsonObject } from '../lib/json.ts'
import { type CivitaiFile, parseFiles } from './file.ts'
import { type CivitaiLicense, type ModelLabel, parseModel, parseVersion } from './model-label.ts'
import { type CivitaiModelType, fileModelType, isMainFile } from './model-type.ts'
import { lenient, nameSchema, textSchema, timeSchema } from './wire.ts'

/** One version with its files. What an answer lacks is null; the licence is null unless the model answered. */
export interface CivitaiVersion extends ModelLabel {
  /** Of its main file: what the version is as a whole. */
  readonly modelType: CivitaiModelType
  /** `civitai:<model>@<version>` where Civitai does not write it out; null where the model is not known either. */
  readonly air: string | null
  /** `Published`, `Draft` … */
  readonly status: string | null
  /** `Download`; others keep it for Civitai's own generator. */
  readonly usageControl: string | null
  /** ISO 8601. */
  readonly publishedAt: string | null
  /** Training data and the like too. Those of models with many versions may be fewer than the version's own answer has. */
  readonly files: readonly CivitaiFile[]
}

export interface CivitaiModel {
  readonly modelId: number
  readonly name: string | null
  /** Civitai's spelling. */
  readonly type: string | null
  readonly nsfw: boolean | null
  /** `Public`, `Private`, `Archived`, `TakenDown` … */
  readonly availability: string | null
  readonly license: CivitaiLicense
  readonly versions: readonly CivitaiVersion[]
  /** What a reference without a version means: the published version that came last. */
  readonly newest: CivitaiVersion | undefined
}

const restSchema = v.object({
  air: lenient(textSchema(500)),
  status: nameSchema,
  usageControl: nameSchema,
  publishedAt: timeSchema,
  files: v.optional(v.unknown()),
})

/** `/model-versions/{id}` and each element of the answers by hash. Undefined for what is no version. */
export function parseCivitaiVersion(answer: unknown): CivitaiVersion | undefined {
  const label = parseVersion(answer)
  return label === undefined ? undefined : withFiles(label, answer)
}

function withFiles(label: ModelLabel, answer: unknown): CivitaiVersion | undefined {
  const parsed = v.safeParse(restSchema, answer)
  if (!parsed.success) return undefined
  const { air, status, usageControl, publishedAt } = parsed.output
  const files = parseFiles(parsed.output.files)
  const main = files.find(({ primary }) => primary) ?? files.find(({ type }) => isMainFile(type))
  const modelType = fileModelType(main ?? { type: null, format: null }, label)
  return { ...label, modelType, air: airOf(label, air), status, usageControl, publishedAt, files }
}

function airOf({ modelId, versionId }: ModelLabel, written: string | null): string | null {
  const air = written === null ? undefined : parseAir(written)
  const isSame = air?.source === 'civitai' && air.version === String(versionId)
  if (air !== undefined && isSame && (modelId === null || air.id === String(modelId))) return formatAir(air)
  return modelId === null ? null : formatAir({ source: 'civitai', id: String(modelId), version: String(versionId) })
}

/** `/models/{id}`, or one item of a list. Undefined for what is no model. */
export function parseCivitaiModel(answer: unknown): CivitaiModel | undefined {
  const model = parseModel(answer)
  if (model === undefined) return undefined
  const { versions: labels, modelName: name, ...rest } = model
  const byId = new Map(labels.map((label) => [label.versionId, label]))
  const items: unknown = isJsonObject(answer) ? answer['modelVersions'] : undefined
  const versions = (Array.isArray(items) ? items : []).flatMap((item: unknown): CivitaiVersion[] => {
    const id = isJsonObject(item) ? item['id'] : undefined
    const label = typeof id === 'number' ? byId.get(id) : undefined
    const version = label === undefined ? undefined : withFiles(label, item)
    return version === undefined ? [] : [version]
  })
  return { ...rest, name, versions, newest: newestOf(versions) }
}

/** Several are published at one time as the parts of one release: then the one that the page shows first. */
function newestOf(versions: readonly CivitaiVersion[]): CivitaiVersion | undefined {
  const published = versions.filter(({ status }) => status === null || status === 'Published')
  const [first, ...others] = published
  if (first === undefined) return undefined
  return others.reduce((newest, one) => (timeOf(one) > timeOf(newest) ? one : newest), first)
}

export const timeOf = ({ publishedAt }: CivitaiVersion): number => (publishedAt === null ? 0 : Date.parse(publishedAt))

/** The version with what only its model tells: the licence, and whether it was archived or taken down. */
export function joinModel(version: CivitaiVersion, model: CivitaiModel): CivitaiVersion {
  const listed = model.versions.find(({ versionId }) => versionId === version.versionId)
  const said = [model.availability, listed?.availability ?? null, version.availability]
  const withdrawn = said.find((one) => one !== null && /^(?:archived|taken ?down)$/i.test(one))
  return {
    ...version,
    license: model.license,
    nsfw: version.nsfw ?? model.nsfw,
    availability: withdrawn ?? version.availability ?? listed?.availability ?? model.availability,
    paidAccess: version.paidAccess ?? listed?.paidAccess ?? null,
  }
}
