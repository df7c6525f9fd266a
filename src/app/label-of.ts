import { parseAir } from '../air/air.ts'
import type { LabelOf } from '../catalog/fix/fix-page.ts'
import type { CivitaiVersions } from '../civitai/versions.ts'
import { isAppError } from '../errors.ts'
import { modelKey } from '../models/serve/model-key.ts'

/** Ecosystem and type of a version as Civitai writes them, else by its base model; what it shows to everybody. */
export function createLabelOf(versions: Pick<CivitaiVersions, 'getVersion'>): LabelOf {
  return async (versionId, signal) => {
    let version: Awaited<ReturnType<CivitaiVersions['getVersion']>>
    try {
      version = await versions.getVersion(versionId, { signal })
    } catch (error) {
      signal.throwIfAborted()
      if (!isAppError(error) || error.code === 'internal') throw error
      return error.code === 'not_found' ? 'unknown' : 'unreachable'
    }
    if (version === undefined || version.modelId === null) return 'unknown'
    const { air, modelId, modelType: type, baseModel } = version
    const written = air === null ? undefined : parseAir(air)
    const civitai = { model_id: modelId, version_id: versionId, base_model: baseModel }
    const known = written?.ecosystem === undefined ? parseAir(modelKey({ sha256: '', type, civitai })) : written
    const isOf = (word: string | undefined): word is string => word !== undefined && word !== 'other'
    return {
      model_id: modelId,
      ...(isOf(known?.ecosystem) ? { ecosystem: known.ecosystem } : {}),
      ...(known?.type === undefined ? {} : { type: known.type }),
    }
  }
}
