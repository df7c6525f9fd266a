import type { AssetModel } from './asset-models.ts'

/** Fields that say which bytes a model has, or which release it is. */
const IDS = ['sha256', 'tensor_sha256', 'auto_v1', 'auto_v2', 'auto_v3', 'civitai_version_id', 'air'] as const
const FILLED = [...IDS, 'civitai_model_id'] as const

/**
 * The linked models with what was found out about them since: fields that were empty are filled, none is changed, added
 * or left out. Where nothing is linked yet, it is what was found.
 */
export function completeModels(linked: readonly AssetModel[], found: readonly AssetModel[]): readonly AssetModel[] {
  if (linked.length === 0) return found
  const known = new Map<AssetModel, AssetModel>()
  const left = new Set(found)
  const pair = (model: AssetModel, same: AssetModel | undefined): void => {
    if (same === undefined) return
    known.set(model, same)
    left.delete(same)
  }
  for (const model of linked)
    pair(
      model,
      [...left].find((other) => agrees(model, other)),
    )
  // Two files may share a name: then it says nothing of which is which.
  const rest = linked.filter((model) => !known.has(model))
  const others = [...left]
  for (const model of rest) {
    const [same, second] = others.filter((other) => isNamesake(model, other))
    const isOnly = rest.filter((own) => isNamesake(own, model)).length === 1
    if (isOnly && second === undefined && same !== undefined && !isOther(model, same)) pair(model, same)
  }
  return linked.map((model) => {
    const same = known.get(model)
    return same === undefined ? model : filled(model, same)
  })
}

const isNamesake = (model: AssetModel, other: AssetModel): boolean =>
  model.type === other.type && model.name !== null && model.name === other.name

const isOther = (model: AssetModel, other: AssetModel): boolean =>
  contradicts(model, other) || contradicts(other, model)

/** By what it is, whatever it is called. */
const agrees = (model: AssetModel, other: AssetModel): boolean =>
  model.type === other.type && !isOther(model, other) && (sharesId(model, other) || isShort(model, other))

const sharesId = (model: AssetModel, other: AssetModel): boolean =>
  IDS.some((id) => model[id] !== null && model[id] === other[id])

/** One that was linked by a short digest of what was found. */
const isShort = ({ auto_v2: short, auto_v3: tensor }: AssetModel, other: AssetModel): boolean =>
  (short !== null && other.sha256?.startsWith(short) === true) ||
  (tensor !== null && [other.sha256, other.tensor_sha256].some((digest) => digest?.startsWith(tensor) === true))

/** Short digests are beginnings of long ones; AutoV3 is one of either kind. */
function contradicts(model: AssetModel, other: AssetModel): boolean {
  const { sha256, tensor_sha256: tensor } = other
  const isOther = IDS.some((id) => model[id] !== null && other[id] !== null && model[id] !== other[id])
  return (
    isOther ||
    (model.auto_v2 !== null && sha256 !== null && !sha256.startsWith(model.auto_v2)) ||
    (model.auto_v3 !== null &&
      sha256 !== null &&
      tensor !== null &&
      ![sha256, tensor].some((digest) => digest.startsWith(model.auto_v3 ?? '')))
  )
}

const filled = (model: AssetModel, known: AssetModel): AssetModel => ({
  ...model,
  ...Object.fromEntries(FILLED.map((field) => [field, model[field] ?? known[field]])),
})
