import type { JsonObject } from '../lib/json.ts'
import type { Call } from '../operation/operation.ts'
import type { AssetModel } from './asset-models.ts'

/** A media file to read: one on disk, or one that is small enough to be held. */
export type MediaContent =
  | { readonly path: string /** As of LocalFile. */; readonly exact: boolean }
  | { readonly bytes: Uint8Array }

/** The prompt that a media file's own metadata hold. */
export interface ExtractedPrompt {
  readonly text: string
  /** The rest of the generation record: seed, steps, sampler. */
  readonly metadata: JsonObject | null
}

/** What a media file's own metadata say of its making. */
export interface MediaRecord {
  /** In their order there. */
  readonly models: readonly Partial<AssetModel>[]
  readonly prompt?: ExtractedPrompt
}

/** What cannot be read gives an empty record. */
export type ReadMediaRecord = (media: MediaContent, call: Call) => Promise<MediaRecord>
