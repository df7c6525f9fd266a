import type { Dependency, HashAlgorithm } from './dependency.ts'

/** A model as the ledger links it to an asset. */
export interface LinkedModel {
  readonly type: string
  readonly name?: string
  readonly weight?: number
  readonly sha256?: string
  readonly tensor_sha256?: string
  readonly auto_v1?: string
  readonly auto_v2?: string
  readonly auto_v3?: string
  readonly air?: string
  readonly civitai_model_id?: number
  readonly civitai_version_id?: number
}

/** Models that were really used: switched-off ones and those that are built in made nothing of a picture. */
export const toLinkedModels = (dependencies: readonly Dependency[]): LinkedModel[] =>
  dependencies.filter(({ active, status }) => active && status !== 'skipped').map(toLinkedModel)

function toLinkedModel(dependency: Dependency): LinkedModel {
  const hash = (algorithm: HashAlgorithm): string | undefined =>
    dependency.hashes.find((one) => one.algorithm === algorithm)?.value
  return withoutUndefined({
    type: dependency.type,
    name: dependency.name,
    weight: dependency.weight,
    sha256: dependency.sha256 ?? hash('sha256'),
    tensor_sha256: hash('tensor_sha256'),
    auto_v1: hash('auto_v1'),
    auto_v2: hash('auto_v2'),
    auto_v3: hash('auto_v3') ?? hash('sha256_12'),
    air: dependency.air,
    civitai_model_id: dependency.civitai?.model_id,
    civitai_version_id: dependency.civitai?.version_id,
  })
}

/** Looks for the full digests of a file of this host by any beginning of them. */
export type FindByHash = (
  hash: string,
) => Promise<{ readonly sha256: string; readonly tensorSha256: string | undefined } | undefined>

/**
 * Metadata name models by short hashes; where this host has read such a file, its full digests are linked too, so that
 * the asset is found by them.
 */
export async function withFullDigests(models: readonly LinkedModel[], find: FindByHash): Promise<LinkedModel[]> {
  return Promise.all(
    models.map(async (model) => {
      const known = model.sha256 ?? model.tensor_sha256 ?? model.auto_v3 ?? model.auto_v2
      const found = known === undefined ? undefined : await find(known)
      if (found === undefined) return model
      const tensor = found.tensorSha256 === undefined ? {} : { tensor_sha256: found.tensorSha256 }
      return { ...model, sha256: found.sha256, ...tensor }
    }),
  )
}

type Optional<T> = { [K in keyof T]: T[K] | undefined }

const withoutUndefined = (model: Optional<LinkedModel> & { type: string }): LinkedModel =>
  Object.fromEntries(Object.entries(model).filter(([, value]) => value !== undefined)) as unknown as LinkedModel
