import type { VersionId } from './model-ids.ts'
import { type CivitaiLicense, type ModelLabel, parseModel, parseVersion } from './model-label.ts'

/** Labels of the versions that were asked for, as answers bring them; whatever else an answer holds is left out. */
export interface LabelSet {
  readonly found: Map<number, ModelLabel>
  /** Takes a model with its versions. @returns its id, undefined for what is no model */
  takeModel(answer: unknown): number | undefined
  /** Takes one version; it gets the licence of its model, if that came before. */
  takeVersion(answer: unknown): void
  /** Whether this model was answered, with or without the versions that were asked for. */
  hasModel(modelId: number): boolean
  missing(): readonly VersionId[]
}

export function createLabelSet(versions: readonly VersionId[]): LabelSet {
  const wanted = new Map(versions.map((version) => [version.versionId, version]))
  const licenses = new Map<number, CivitaiLicense>()
  const found = new Map<number, ModelLabel>()

  /** An answer may not move a version to another model than its digest was found in. */
  function take(label: ModelLabel): void {
    const version = wanted.get(label.versionId)
    if (version === undefined) return
    const modelId = version.modelId ?? label.modelId
    if (label.modelId === null || label.modelId === modelId) found.set(label.versionId, { ...label, modelId })
  }

  return {
    found,
    takeModel(answer) {
      const model = parseModel(answer)
      if (model === undefined) return undefined
      licenses.set(model.modelId, model.license)
      for (const label of model.versions) take(label)
      return model.modelId
    },
    takeVersion(answer) {
      const label = parseVersion(answer)
      if (label === undefined) return
      const modelId = label.modelId ?? wanted.get(label.versionId)?.modelId
      take({ ...label, license: (modelId === undefined ? undefined : licenses.get(modelId)) ?? null })
    },
    hasModel: (modelId) => licenses.has(modelId),
    missing: () => versions.filter(({ versionId }) => !found.has(versionId)),
  }
}
