import { isJsonObject, type JsonObject } from '../../../lib/json.ts'
import { readVersion } from './civitai-json.ts'
import { baseModelField, commercialUseField, hashField, idField, textField, wordsField } from './fields.ts'
import type { SidecarFields } from './sidecar.ts'

/** Reads the JSON of one kind of sidecar; `filename` is the model's. Undefined where it is another kind of JSON. */
export type SidecarReader = (json: JsonObject, filename: string) => SidecarFields | undefined

/** `.cm-info.json` of StabilityMatrix (ConnectedModelInfo); the ids are Civitai's, other sources have none. */
export const readStabilityMatrix: SidecarReader = (json) => {
  const hashes = isJsonObject(json.Hashes) ? json.Hashes : {}
  return {
    civitaiModelId: idField(json.ModelId),
    civitaiVersionId: idField(json.VersionId),
    sha256: hashField(hashes.SHA256),
    baseModel: baseModelField(json.BaseModel),
    name: textField(json.ModelName),
    versionName: textField(json.VersionName),
    trainedWords: wordsField(json.TrainedWords),
  }
}

/**
 * `.metadata.json` of ComfyUI-Lora-Manager: its own fields around a version of Civitai's. Its digest is since 2026 what
 * Civitai said, not what was measured.
 */
export const readLoraManager: SidecarReader = (json, filename) => {
  const version = isJsonObject(json.civitai) ? readVersion(json.civitai, filename) : {}
  return {
    ...version,
    sha256: hashField(json.sha256) ?? version.sha256,
    baseModel: baseModelField(json.base_model) ?? version.baseModel,
    name: textField(json.model_name) ?? version.name,
  }
}

/** With what SwarmUI's downloader begins the description: `From <a href="https://civitai.com/models/1?modelVersionId=2"`. */
const SWARM_SOURCE =
  /^From <a href="https:\/\/(?:www\.)?civitai\.(?:com|red)\/models\/(\d{1,10})(?:\/[^"?]{0,300})?(?:\?modelVersionId=(\d{1,10}))?"/

/** `.swarm.json`: ModelSpec keys, with or without their prefix, and SwarmUI's digest of the tensors. */
export const readSwarm: SidecarReader = (json) => {
  const field = (key: string) => json[`modelspec.${key}`] ?? json[key]
  const description = field('description')
  const [, modelId, versionId] = SWARM_SOURCE.exec(typeof description === 'string' ? description : '') ?? []
  return {
    civitaiModelId: idField(modelId),
    civitaiVersionId: idField(versionId),
    tensorSha256: hashField(field('hash_sha256') ?? field('hash')),
    architecture: textField(field('architecture')),
    name: textField(field('title')),
    trainedWords: wordsField(field('trigger_phrase')),
    license: textField(field('license')),
  }
}

/** A1111's "sd version"; users choose it. */
const SD_VERSIONS: ReadonlyMap<string, string> = new Map([
  ['SD1', 'SD 1.5'],
  ['SD2', 'SD 2.1'],
  ['SDXL', 'SDXL 1.0'],
])

const A1111_KEYS = ['activation text', 'sd version', 'preferred weight', 'negative text', 'modelId', 'modelVersionId']

/** `.json` of A1111 and Forge, to which browser extensions add Civitai's ids. Any other JSON may have that name. */
export const readA1111: SidecarReader = (json) => {
  if (!A1111_KEYS.some((key) => Object.hasOwn(json, key))) return undefined
  return {
    civitaiModelId: idField(json.modelId),
    civitaiVersionId: idField(json.modelVersionId),
    sha256: hashField(json.sha256),
    baseModel: baseModelField(json.baseModel) ?? SD_VERSIONS.get(textField(json['sd version']) ?? ''),
    trainedWords: wordsField(json['activation text']),
    commercialUse: commercialUseField(json.allowCommercialUse),
  }
}

/** `.civitai.info` of Civitai Helper and others; for models that Civitai does not know it has empty ids. */
export const readCivitaiInfo: SidecarReader = readVersion
