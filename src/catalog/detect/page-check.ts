import type { SyntaxType } from '../classify.ts'

/**
 * `verified`: the hash is the expected one. `present`: there under its name or token. `partial`: a download of it is not
 * finished. `corrupt`: there, and nothing could load it, or its hash is another. `elsewhere`: in another folder that is
 * as good. `missing`: looked for and not there. `unknown`: nobody could look.
 */
export const FILE_STATUSES = ['verified', 'present', 'partial', 'corrupt', 'elsewhere', 'missing', 'unknown'] as const
export type FileStatus = (typeof FILE_STATUSES)[number]

export const PAGE_STATUSES = ['all', 'partial', 'none', 'not_applicable', 'invalid', 'unknown'] as const
export type PageStatus = (typeof PAGE_STATUSES)[number]

/** In the order of their weight; the last: a version's number stands in a name that civitdl did not write. */
export const EVIDENCE = [
  'sha256',
  'civitdl_version',
  'civitdl_model',
  'name_and_size',
  'name',
  'version_in_name',
] as const
export type Evidence = (typeof EVIDENCE)[number]

export interface FileCheck {
  /** For people: a name, or a pattern. */
  readonly expected: string
  readonly role?: string | undefined
  readonly status: FileStatus
  /** Absolute, on the host. */
  readonly path?: string | undefined
  readonly matched_by?: Evidence | undefined
  readonly size_bytes?: number | undefined
  readonly sha256?: string | undefined
  /** Why it is partial, corrupt, elsewhere or unknown; one sentence. */
  readonly reason?: string | undefined
}

export interface PageCheck {
  /** Only when every required file is there: present, verified, or elsewhere. */
  readonly downloaded: boolean
  readonly status: PageStatus
  /** Of the first file that is there. */
  readonly path: string | null
  readonly syntax_type: SyntaxType
  readonly is_valid: boolean
  readonly air: string | null
  /** Commands that download. */
  readonly download_count: number
  readonly checkable: boolean
  readonly files: readonly FileCheck[]
  readonly notes: readonly string[]
  /** Why it is invalid, not applicable or unknown. */
  readonly reason?: string | undefined
}
