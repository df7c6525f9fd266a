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
  const left = [...found]
  return linked.map((model) => {
    const at = left.findIndex((other) => isSame(model, other))
    const [same] = at < 0 ? [] : left.splice(at, 1)
    return same === undefined ? model : filled(model, same)
  })
}

function isSame(model: AssetModel, other: AssetModel): boolean {
  if (model.type !== other.type || contradicts(model, other) || contradicts(other, model)) return false
  return (
    IDS.some((id) => model[id] !== null && model[id] === other[id]) ||
    (model.name !== null && model.name === other.name)
  )
}

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
