/** Where a command gets a file from; never with a key in it. */
export type FileSource =
  | { readonly kind: 'civitai'; readonly model_id?: number; readonly version_id?: number }
  | { readonly kind: 'huggingface'; readonly repo: string; readonly revision: string; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }
  /** A list in another file, a whole repository, or what only a shell would know. */
  | { readonly kind: 'unknown' }

export const PROGRAMS = ['civitdl', 'wget', 'curl', 'hf', 'aria2c'] as const
export type Program = (typeof PROGRAMS)[number]

/** Where a command puts a file; neither field: nobody can say without running it. */
export interface Place {
  /** Relative to the UI's home, `/` between the parts, `` for the home itself. */
  readonly folder?: string
  /** Where the command names another place: `/data/models`, `~/models`. */
  readonly absolute_folder?: string
}

/** One file that a command of a page would place. */
export interface ExpectedFile extends Place {
  readonly program: Program
  /** Of the page, from 1. */
  readonly line: number
  /** `high`, `low`, or what the comment beside the command says. */
  readonly role?: string
  readonly source: FileSource
  /** For people: a name, or a pattern such as `*-mid_1-vid_2.*`. */
  readonly expected: string
  /** Names under which the command stores it, the likeliest first; none where its source or the program decides. */
  readonly names: readonly string[]
  /** Numbers that civitdl writes into the name. */
  readonly civitdl?: CivitdlIds
  /** In any folder below its place too: civitdl makes one for each model. */
  readonly is_below: boolean
  /** What the page says of its size; it warns and does not decide. */
  readonly claimed_size_bytes?: number
  /** That the page says it has. */
  readonly sha256?: string
}

export interface CivitdlIds {
  readonly model_id?: number
  readonly version_id?: number
}

/** Whether the page tells by which name, or number in a name, its file would be there. */
export const isNamedByPage = ({ names, civitdl }: ExpectedFile): boolean => names.length > 0 || civitdl !== undefined

/** Whether there is anything by which it could be found on a host. */
export const isLookable = ({ names, civitdl, source, sha256 }: ExpectedFile): boolean =>
  names.length > 0 ||
  sha256 !== undefined ||
  (civitdl?.version_id ?? civitdl?.model_id) !== undefined ||
  (source.kind === 'civitai' && source.version_id !== undefined)
