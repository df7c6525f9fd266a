import type { Air } from '../air/air.ts'
import type { CivitaiVersion } from './version.ts'
import type { CivitaiVersions, VersionRequestOptions } from './versions.ts'

/** What an AIR, a link or a prompt names at Civitai. */
export interface CivitaiReference {
  readonly modelId?: number | undefined
  readonly versionId?: number | undefined
  readonly fileId?: number | undefined
  /** `safetensors`, `gguf`. */
  readonly format?: string | undefined
}

/** The numbers in an AIR of Civitai; undefined for other sources and for what are no numbers. */
export function readCivitaiAir({ source, id, version, fileId, format }: Air): CivitaiReference | undefined {
  if (source !== 'civitai') return undefined
  const modelId = toId(id)
  const versionId = toId(version)
  if (modelId === undefined || (version !== undefined && versionId === undefined)) return undefined
  return { modelId, versionId, fileId: toId(fileId), format }
}

function toId(digits: string | undefined): number | undefined {
  const id = /^[1-9]\d{0,15}$/.test(digits ?? '') ? Number(digits) : undefined
  return id !== undefined && Number.isSafeInteger(id) ? id : undefined
}

export type FoundReference =
  | {
      readonly version: CivitaiVersion
      /** `newest`: only the model is named, and this is the published version that came last. */
      readonly chosen: 'named' | 'newest'
    }
  /** Why there is none, as a half sentence about Civitai. */
  | { readonly version: undefined; readonly reason: string }

/** The version that a reference means. Throws as the calls of {@link CivitaiVersions} do. */
export async function findReference(
  { modelId, versionId }: CivitaiReference,
  versions: Pick<CivitaiVersions, 'getVersion' | 'getModel'>,
  options: VersionRequestOptions,
): Promise<FoundReference> {
  if (versionId !== undefined) {
    const version = await versions.getVersion(versionId, options)
    if (version === undefined) return none(`does not show version ${versionId}`)
    const isOther = modelId !== undefined && version.modelId !== null && version.modelId !== modelId
    if (isOther) return none(`has version ${versionId} under model ${version.modelId}, not ${modelId}`)
    return { version, chosen: 'named' }
  }
  if (modelId === undefined) return none('is not told which model is meant')
  const model = await versions.getModel(modelId, options)
  if (model === undefined) return none(`does not show model ${modelId}`)
  if (model.newest === undefined) return none(`shows no published version of model ${modelId}`)
  return { version: model.newest, chosen: 'newest' }
}

const none = (reason: string): FoundReference => ({ version: undefined, reason })
