import type { JsonObject } from '../../../lib/json.ts'

/** What a file beside a model says of it: a claim that may be of another file. */
export interface SidecarFields {
  readonly civitaiModelId?: number | undefined
  readonly civitaiVersionId?: number | undefined
  /** Lower-case hex. */
  readonly sha256?: string | undefined
  /** SwarmUI's digest, of what follows the header. */
  readonly tensorSha256?: string | undefined
  /** As Civitai names it. */
  readonly baseModel?: string | undefined
  /** A ModelSpec architecture. */
  readonly architecture?: string | undefined
  readonly name?: string | undefined
  readonly versionName?: string | undefined
  readonly trainedWords?: readonly string[] | undefined
  readonly license?: string | undefined
  /** Civitai's `allowCommercialUse`: None, Image, RentCivit, Rent, Sell. */
  readonly commercialUse?: readonly string[] | undefined
}

export interface Sidecar extends SidecarFields {
  /** Below the folder of the model. */
  readonly file: string
}

/** As it is shown to callers. */
export function sidecarClaim(sidecar: Sidecar): JsonObject {
  const claim: Record<string, JsonObject[string] | undefined> = {
    file: sidecar.file,
    civitai_model_id: sidecar.civitaiModelId,
    civitai_version_id: sidecar.civitaiVersionId,
    sha256: sidecar.sha256,
    tensor_sha256: sidecar.tensorSha256,
    base_model: sidecar.baseModel,
    architecture: sidecar.architecture,
    name: sidecar.name,
    version_name: sidecar.versionName,
    trained_words: sidecar.trainedWords && [...sidecar.trainedWords],
    license: sidecar.license,
    allow_commercial_use: sidecar.commercialUse && [...sidecar.commercialUse],
  }
  return JSON.parse(JSON.stringify(claim)) as JsonObject
}
