import { toIso } from '../../lib/clock.ts'
import type { ModelType } from '../model-file.ts'
import { licenceName } from './licence.ts'
import { civitaiIds, modelKey } from './model-key.ts'
import type { ServedRow } from './served-rows.ts'

export interface ManifestChunks {
  /** Bytes of every chunk but the last. */
  readonly size: number
  readonly count: number
  /** SHA-256 of each, lower-case hex. */
  readonly hashes: readonly string[]
}

/** One model of a manifest. */
export interface ManifestModel {
  readonly model_key: string
  readonly filename: string
  readonly size: number
  readonly sha256: string
  readonly tensor_sha256?: string
  readonly type: ModelType
  readonly chunks?: ManifestChunks
  /** Where Civitai knows the bytes; null for what it did not say. */
  readonly civitai?: {
    readonly modelId: number
    readonly versionId: number
    readonly license: string | null
    readonly nsfw: boolean | null
  }
  readonly tags: readonly string[]
  /** When the file was changed last: unlike the time of a scan, it is the same on the next start. */
  readonly updated_at: string
  readonly download: { readonly http: string }
}

const MAX_TAGS = 20
const MAX_TAG_LENGTH = 100

/** @param row one of the copies, which all have these bytes */
export function toManifestModel(row: ServedRow): ManifestModel {
  const ids = civitaiIds(row.civitai)
  const nsfw = row.civitai?.nsfw
  return {
    model_key: modelKey(row),
    filename: row.name.slice(row.name.lastIndexOf('/') + 1),
    size: row.sizeBytes,
    sha256: row.sha256,
    ...(row.tensorSha256 === null ? {} : { tensor_sha256: row.tensorSha256 }),
    type: row.type,
    ...(ids === undefined
      ? {}
      : { civitai: { ...ids, license: licenceName(row), nsfw: typeof nsfw === 'boolean' ? nsfw : null } }),
    tags: tagsOf(row),
    updated_at: toIso(atMost(Math.floor(row.modifiedUs / 1000))),
    download: { http: `/v1/models/download?hash=${row.sha256}` },
  }
}

/** The base model and the words that the model was trained on. */
function tagsOf({ baseModel, civitai }: ServedRow): string[] {
  const base = civitai?.base_model ?? baseModel
  const words = Array.isArray(civitai?.trained_words) ? civitai.trained_words : []
  const texts = [base, ...words].filter((text): text is string => typeof text === 'string' && text !== '')
  return [...new Set(texts.map(shorten))].slice(0, MAX_TAGS)
}

/** Half a character would have no canonical form. */
const shorten = (text: string): string => text.slice(0, MAX_TAG_LENGTH).toWellFormed()

/** Filesystems hold times that JavaScript's dates do not. */
const LAST_TIME_MS = 253_402_300_799_999
const atMost = (ms: number): number => Math.min(Math.max(ms, 0), LAST_TIME_MS)
