import type { Dependency, HashAlgorithm } from './dependency.ts'

/** A model as the ledger links it to an asset. */
export interface LinkedModel {
  readonly type: string
  readonly name?: string
  readonly weight?: number
  readonly unet_weight?: number
  readonly clip_weight?: number
  readonly sha256?: string
  readonly tensor_sha256?: string
  readonly auto_v1?: string
  readonly auto_v2?: string
  readonly auto_v3?: string
  readonly air?: string
  readonly civitai_model_id?: number
  readonly civitai_version_id?: number
}

function toLinkedModel(dependency: Dependency): LinkedModel {
  const hash = (algorithm: HashAlgorithm): string | undefined =>
    dependency.hashes.find((one) => one.algorithm === algorithm)?.value
  return withoutUndefined({
    type: dependency.type,
    name: dependency.name,
    weight: dependency.weight,
    unet_weight: dependency.unet_weight,
    clip_weight: dependency.clip_weight,
    sha256: (isAnother(dependency) ? undefined : dependency.sha256) ?? hash('sha256'),
    tensor_sha256: hash('tensor_sha256'),
    auto_v1: hash('auto_v1'),
    auto_v2: hash('auto_v2'),
    auto_v3: hash('auto_v3') ?? hash('sha256_12'),
    air: dependency.air,
    civitai_model_id: dependency.civitai?.model_id,
    civitai_version_id: dependency.civitai?.version_id,
  })
}

/** The picture was made with what its prompt names, whatever somebody took in its place. */
const isAnother = ({ matched_by: by, hashes, sha256 }: Dependency): boolean =>
  by === 'choice' &&
  hashes.some(
    ({ algorithm, value }) =>
      (algorithm === 'sha256' || algorithm === 'sha256_12' || algorithm === 'auto_v2') &&
      sha256?.startsWith(value) !== true,
  )

export interface FullDigests {
  readonly sha256: string
  readonly tensorSha256: string | undefined
}

/** What this host knows of its files. */
export interface FindDigests {
  /** Of the file whose digest begins so. */
  byHash(hash: string): Promise<FullDigests | undefined>
  /** Of the one file of this type with this name, folders and all as far as they were written. */
  byName(written: string, type: string): Promise<FullDigests | undefined>
}

/**
 * Models that were really used: switched-off ones and those that are built in made nothing of a picture. Metadata name
 * them by short hashes or by nothing but a name; where this host has read such a file, its full digests are linked too,
 * so that the asset is found by them. A name counts only where no hash and no version could contradict it.
 */
export async function linkModels(dependencies: readonly Dependency[], find: FindDigests): Promise<LinkedModel[]> {
  const used = dependencies.filter(({ active, status }) => active && status !== 'skipped')
  return Promise.all(
    used.map(async (dependency) => {
      const model = toLinkedModel(dependency)
      const found = await findDigests(dependency, model, find)
      if (found === undefined) return model
      const tensor = found.tensorSha256 === undefined ? {} : { tensor_sha256: found.tensorSha256 }
      return { ...model, sha256: found.sha256, ...tensor }
    }),
  )
}

async function findDigests(
  { written, type, hashes, civitai }: Dependency,
  model: LinkedModel,
  find: FindDigests,
): Promise<FullDigests | undefined> {
  const known = model.sha256 ?? model.tensor_sha256 ?? model.auto_v3 ?? model.auto_v2
  if (known !== undefined) return find.byHash(known)
  const [name] = written
  if (name === undefined || hashes.length > 0 || civitai?.version_id !== undefined) return undefined
  return find.byName(name, type)
}

type Optional<T> = { [K in keyof T]: T[K] | undefined }

const withoutUndefined = (model: Optional<LinkedModel> & { type: string }): LinkedModel =>
  Object.fromEntries(Object.entries(model).filter(([, value]) => value !== undefined)) as unknown as LinkedModel
