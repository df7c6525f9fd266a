/** Where in the Hugging Face cache a file lies. */
export interface HuggingFaceClaim {
  /** `org/repo`. */
  readonly repo: string
  /** Commit; unknown of a blob that no snapshot leads to. */
  readonly revision?: string
  readonly path?: string
}

const SNAPSHOT = /(?:^|\/)models--([^/]+)\/snapshots\/([^/]+)\/(.+)$/
const BLOB = /(?:^|\/)models--([^/]+)\/blobs\/[^/]+$/

/** From `models--org--repo/snapshots/<commit>/<path>` as listed, else from the real path `…/blobs/<digest>`. */
export function huggingFaceClaim(listedPath: string, path: string): HuggingFaceClaim | undefined {
  for (const candidate of [listedPath, path]) {
    const [, repo, revision, file] = SNAPSHOT.exec(candidate) ?? []
    if (repo !== undefined && revision !== undefined && file !== undefined) {
      return { repo: repoId(repo), revision, path: file }
    }
  }
  const repo = BLOB.exec(path)?.[1]
  return repo === undefined ? undefined : { repo: repoId(repo) }
}

/** Neither part of an id holds `--`. */
const repoId = (folder: string): string => folder.replaceAll('--', '/')

export interface CivitaiIds {
  readonly modelId: number
  readonly versionId: number
}

/** civitdl 2.1.1 writes `<stem>-mid_<model>-vid_<version><extension>`. */
const CIVITDL = /-mid_(\d{1,10})-vid_(\d{1,10})$/i

/** Civitai's ids in a name without its extension. */
export function civitdlIds(stem: string): CivitaiIds | undefined {
  const [, model, version] = CIVITDL.exec(stem) ?? []
  const modelId = Number(model)
  const versionId = Number(version)
  return isCivitaiId(modelId) && isCivitaiId(versionId) ? { modelId, versionId } : undefined
}

/** Civitai takes 1 to 2,147,483,647. */
export const isCivitaiId = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 2_147_483_647
