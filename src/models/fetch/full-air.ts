import { parseAir } from '../../air/air.ts'
import type { CivitaiVersion } from '../../civitai/version.ts'
import { modelKey } from '../serve/model-key.ts'

/**
 * The whole AIR of a version, as Civitai writes it, else by its type and base model. Undefined where its ecosystem is not
 * known: its numbers say as much as a short one.
 */
export function fullAir({
  air,
  modelId,
  versionId,
  modelType: type,
  baseModel,
}: Pick<CivitaiVersion, 'air' | 'modelId' | 'versionId' | 'modelType' | 'baseModel'>): string | undefined {
  const written = air === null ? undefined : parseAir(air)
  if (air !== null && written?.ecosystem !== undefined && written.type !== undefined) return air
  const civitai = { model_id: modelId, version_id: versionId, base_model: baseModel }
  const key = modelKey({ sha256: '', type, civitai })
  const { ecosystem = 'other' } = parseAir(key) ?? {}
  return ecosystem === 'other' ? undefined : key
}
