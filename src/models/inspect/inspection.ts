import type { JsonObject } from '../../lib/json.ts'

/**
 * `ok`; `partial`: something still writes it; `truncated`: its header promises more bytes than there are; `corrupt`: not
 * what its name says; `html`: a web page under a model's name; `pickle`: loading it may run code, so it is flagged and
 * never unpickled; `unreadable`: permissions or the disk are in the way.
 */
export const MODEL_STATES = ['ok', 'partial', 'truncated', 'corrupt', 'html', 'pickle', 'unreadable'] as const

export type ModelState = (typeof MODEL_STATES)[number]

/** Nothing a UI could load. */
export const USELESS_STATES: readonly ModelState[] = ['partial', 'truncated', 'corrupt', 'html']

/** The fault of files that a marker tells of, unlike those that changed while they were read. */
export const MARKED_PARTIAL = 'A name beside it or its own says that it is still being written'

/** Begins the fault of files that a verification found damaged: no header tells of that, and none can take it back. */
export const ROTTEN = 'Its bytes changed on the disk'

/** What can be known of a file without reading all of it. */
export interface Inspection {
  readonly state: ModelState
  /** Why the state is not ok, in one plain sentence. */
  readonly fault: string | undefined
  /**
   * What header and sidecars say, as shown to callers:
   * `{header?: {[key]: string}, sidecars?: [{file, civitai_model_id?, civitai_version_id?, sha256?, …}], …}`. Bounded: at
   * most 64 KiB as JSON.
   */
  readonly claims: JsonObject
  /** Tensor digest that the header claims (`sshs_model_hash`, `modelspec.hash_sha256`): 64 lower-case hex. */
  readonly claimedTensor: string | undefined
  /** `ss_output_name` as written. */
  readonly outputName: string | undefined
  /** Guessed from header keys, tensor names and shapes, or claimed by a sidecar: `SDXL 1.0`, `Flux.1 D` … */
  readonly baseModel: string | undefined
  /** As a header or a sidecar writes it. */
  readonly license: string | undefined
  readonly civitaiModelId: number | undefined
  readonly civitaiVersionId: number | undefined
  /** Digest of a few parts of the content (hash/sample.ts), where it was asked for. */
  readonly sample: string | undefined
}

export interface InspectRequest {
  /** Real path. */
  readonly path: string
  /** Path as it stands below its root: sidecars lie beside it. */
  readonly listedPath: string
  /** Further paths that lead to the file: what lies beside them is of it too. */
  readonly aliases?: readonly string[]
  /** Something beside it says that it is still being written. */
  readonly partial: boolean
  /** Size and modification time as the walk saw them: a file that differs now is being written. */
  readonly sizeBytes: number
  readonly modifiedUs: number
  /** Whether the sample is wanted too. */
  readonly sample: boolean
}

export type Inspected = { readonly path: string } & Inspection
