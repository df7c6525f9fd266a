import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/json.ts'
import { baseModelField, commercialUseField, hashField, idField, textField, wordsField } from './fields.ts'
import type { SidecarFields } from './sidecar.ts'

const objectField = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {})

/** A version as `GET /api/v1/model-versions/{id}` gives it: `.civitai.info`, and a part of other sidecars. */
export function readVersion(version: JsonObject, filename: string): SidecarFields {
  const model = objectField(version.model)
  return {
    civitaiModelId: idField(version.modelId),
    civitaiVersionId: idField(version.id),
    sha256: fileHash(version.files, filename),
    baseModel: baseModelField(version.baseModel),
    name: textField(model.name),
    versionName: textField(version.name),
    trainedWords: wordsField(version.trainedWords),
    license: textField(version.license),
    commercialUse: commercialUseField(model.allowCommercialUse),
  }
}

/** A model as `GET /api/v1/models/{id}` gives it, which civitdl keeps: of its versions the one with `versionId`. */
export function readModel(model: JsonObject, versionId: number, filename: string): SidecarFields {
  const versions = Array.isArray(model.modelVersions) ? model.modelVersions : []
  const found = versions.find((version): version is JsonObject => isJsonObject(version) && version.id === versionId)
  return {
    ...readVersion(found ?? {}, filename),
    civitaiModelId: idField(model.id),
    civitaiVersionId: versionId,
    name: textField(model.name),
    license: textField(model.license),
    commercialUse: commercialUseField(model.allowCommercialUse),
  }
}

/** A version may have several files: the one with our name, else the primary or only one. */
function fileHash(value: JsonValue | undefined, filename: string): string | undefined {
  const files = Array.isArray(value) ? value.filter(isJsonObject) : []
  const named = files.filter((file) => file.name === filename)
  const main = files.filter((file) => file.primary === true)
  const [file] = named.length === 1 ? named : main.length === 1 ? main : files.length === 1 ? files : []
  return hashField(objectField(file?.hashes).SHA256)
}
