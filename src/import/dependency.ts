import * as v from 'valibot'
import { searchStepSchema } from '../models/fetch/wanted.ts'
import { MODEL_TYPES } from '../models/model-file.ts'

/** What a prompt needs: the shape that every surface shows, and that jobs store. */

export const DEPENDENCY_TYPES = MODEL_TYPES

export type DependencyType = (typeof DEPENDENCY_TYPES)[number]

/**
 * Kinds of hash that sources write. Beside the digests proper there is `sha256_12`, the first 12 hex of
 * the whole file's SHA-256. Text alone leaves doubt, and a resolver has to look under each meaning:
 * `auto_v3` may be a `sha256_12` (Forge), `sha256` a BLAKE3 or a tensor digest, `auto_v1` a `crc32`.
 */
export const HASH_ALGORITHMS = [
  'sha256',
  'tensor_sha256',
  'blake3',
  'sha256_12',
  'auto_v1',
  'auto_v2',
  'auto_v3',
  'crc32',
] as const

export type HashAlgorithm = (typeof HASH_ALGORITHMS)[number]

const hashSchema = v.object({
  algorithm: v.picklist(HASH_ALGORITHMS),
  /** Lower-case hex without a prefix. */
  value: v.string(),
  /** Who says so: `infotext:Lora hashes`. */
  source: v.string(),
})

export type HashEvidence = v.InferOutput<typeof hashSchema>

const candidateSchema = v.object({
  path: v.exactOptional(v.string()),
  air: v.exactOptional(v.string()),
  url: v.exactOptional(v.string()),
  /** Of the whole file. */
  sha256: v.exactOptional(v.string()),
  /** Where only that is known. */
  tensor_sha256: v.exactOptional(v.string()),
  /** Where nothing is known of its bytes: the node that lists it under the name. */
  node: v.exactOptional(v.string()),
  name: v.exactOptional(v.string()),
  size_bytes: v.exactOptional(v.number()),
  /** One plain sentence: what speaks for it. */
  why: v.string(),
})

export type Candidate = v.InferOutput<typeof candidateSchema>

export const DEPENDENCY_STATUSES = [
  'pending',
  'resolved',
  'download_scheduled',
  'downloading',
  'verifying',
  'missing',
  'ambiguous',
  'blocked',
  'failed',
  'skipped',
] as const

export const REASON_CODES = [
  'license',
  'terms',
  'size',
  'login',
  'early_access',
  'disabled',
  'archived',
  'region',
  'disk',
  'pickle',
  'scan',
] as const

const civitaiSchema = v.object({
  model_id: v.exactOptional(v.number()),
  version_id: v.exactOptional(v.number()),
})

export type CivitaiIds = v.InferOutput<typeof civitaiSchema>

export const dependencySchema = v.object({
  type: v.picklist(DEPENDENCY_TYPES),
  /** `low`: guessed from the name of a field or of a node that is not known. */
  type_confidence: v.exactOptional(v.picklist(['high', 'low'])),
  /** `sha256:<hex>`, else `civitai:version:<id>`, else an AIR, else the name as written. */
  reference: v.string(),
  /** The file's name where the source writes one with its extension. */
  filename: v.exactOptional(v.string()),
  /** The name without folder and model extension, or the title of the model's page. */
  name: v.exactOptional(v.string()),
  /** Every spelling that the sources use, folders included: never to be used as a path as it stands. */
  written: v.array(v.string()),
  sha256: v.exactOptional(v.string()),
  hashes: v.array(hashSchema),
  civitai: v.exactOptional(civitaiSchema),
  air: v.exactOptional(v.string()),
  urls: v.array(v.string()),
  /** The model folder that the source declares for it, as written: never to be used as a path as it stands. */
  folder: v.exactOptional(v.string()),
  weight: v.exactOptional(v.number()),
  /** On the main model, where the source gives it apart from `weight`. */
  unet_weight: v.exactOptional(v.number()),
  /** On the text encoder, likewise. */
  clip_weight: v.exactOptional(v.number()),
  active: v.boolean(),
  /** The UI works without it, or brings it along when it is first used. */
  optional: v.boolean(),
  evidence: v.array(v.string()),
  status: v.picklist(DEPENDENCY_STATUSES),
  resolved_path: v.exactOptional(v.string()),
  /** As the UI lists it, folders joined by `/`: `style/foo.safetensors`. */
  resolved_name: v.exactOptional(v.string()),
  resolved_source: v.exactOptional(v.picklist(['local', 'remote', 'civitai', 'huggingface', 'url'])),
  resolved_node: v.exactOptional(v.string()),
  matched_by: v.exactOptional(v.string()),
  candidates: v.array(candidateSchema),
  reason_code: v.nullable(v.picklist(REASON_CODES)),
  /** One plain sentence. */
  reason: v.nullable(v.string()),
  /** ISO 8601: from when on it may be had (`early_access`). */
  until: v.exactOptional(v.string()),
  bytes_done: v.number(),
  bytes_total: v.number(),
  /** Where it was looked for, one after another, and what came of it. */
  steps: v.exactOptional(v.array(searchStepSchema)),
  /** Where it goes when it is fetched: the model folder, and the path below it. */
  target: v.exactOptional(v.object({ root: v.string(), path: v.string() })),
  /** The job that fetches it, perhaps for others too. */
  download_job_id: v.exactOptional(v.string()),
})

export type Dependency = v.InferOutput<typeof dependencySchema>

/** Something in a prompt that was not understood, or understood with doubt. */
export const warningSchema = v.object({ place: v.string(), reason: v.string() })

export type ImportWarning = v.InferOutput<typeof warningSchema>
