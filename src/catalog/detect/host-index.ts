import type { ModelType } from '../../models/model-file.ts'

/** A file of a host, as far as somebody has looked at it. */
export interface HostFile {
  /** Absolute, on that host. */
  readonly path: string
  readonly sizeBytes: number
  /** Lower-case hex, where it is known without reading the file now. */
  readonly sha256?: string | undefined
  /** As Civitai or a sidecar says of it. */
  readonly civitaiVersionId?: number | undefined
  /** What the host's UI takes it for, where that is known otherwise than by its folder. */
  readonly type?: ModelType | undefined
  /** Why nothing could load it: empty, a web page, cut off. */
  readonly fault?: string | undefined
  /** The mark of an unfinished download beside it, or in its own name: `X.aria2`, `X.part`. */
  readonly unfinished?: string | undefined
}

/**
 * `listed`: everything in it is known. `incomplete`: what is not known may still be there. `missing`: no such folder.
 * `unreadable`: nobody can say.
 */
export type FolderState = 'listed' | 'incomplete' | 'missing' | 'unreadable'

/** The files of one host at one moment, found by what a page knows of them. Marks are fields and no files. */
export interface HostIndex {
  /** Absolute; undefined where nothing tells. */
  readonly uiHome: string | undefined
  /** Where `~` leads; undefined where nothing tells. */
  readonly userHome?: string | undefined
  /** Epoch milliseconds. */
  readonly checkedAt: number
  /** Every file with exactly this name, whatever its folder. */
  byName(name: string): readonly HostFile[]
  /** Files with the token that civitdl writes (`-vid_2`), or that Civitai or a sidecar knows as this version. */
  byVersion(versionId: number): readonly HostFile[]
  /** Files with civitdl's token of the model alone (`-mid_1`). */
  byModel(modelId: number): readonly HostFile[]
  /** Files with this number in a name that civitdl did not write: `x_2255476.safetensors`. */
  byNumber(number: number): readonly HostFile[]
  /** @param sha256 lower-case hex */
  bySha256(sha256: string): readonly HostFile[]
  /** Whether a model lies in the folder itself of which neither its name nor anybody else tells which it is. */
  hasStrangers(folder: string): boolean
  /** Folders outside of the home that its UI looks for models in too. */
  readonly moreFolders?: readonly string[] | undefined
  /** What other UIs of the host have: none of it is there for this one. */
  readonly others?: HostIndex | undefined
  /** What is known of a folder, which may lie within one that was looked through. @param folder absolute */
  stateOf(folder: string): { readonly state: FolderState; readonly problem?: string | undefined }
  /** Of a folder in which nobody looked into its folders: the home itself, what lies at the very top. */
  isShallow?(folder: string): boolean
}
