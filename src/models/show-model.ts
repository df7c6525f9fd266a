import * as v from 'valibot'
import { type Sha256, type TensorSha256, toAutoV2, toAutoV3 } from '../hash/digest.ts'
import { toIso } from '../lib/clock.ts'
import { MODEL_STATES } from './inspect/inspection.ts'
import { listedPathOf, type ModelRow } from './library/rows.ts'
import { MODEL_TYPES } from './model-file.ts'

/** A model file as every surface shows it. Digests: lower-case hex, null while they are not known. */
export const modelSchema = v.looseObject({
  /** As it stands below its root: the path that a UI loads. */
  path: v.string(),
  /** Where the bytes are, symlinks resolved. */
  real_path: v.string(),
  filename: v.string(),
  /** As a UI lists it. */
  name: v.string(),
  type: v.picklist(MODEL_TYPES),
  size_bytes: v.number(),
  sha256: v.nullable(v.string()),
  tensor_sha256: v.nullable(v.string()),
  auto_v1: v.nullable(v.string()),
  auto_v2: v.nullable(v.string()),
  auto_v3: v.nullable(v.string()),
  blake3: v.nullable(v.string()),
  crc32: v.nullable(v.string()),
  state: v.picklist(MODEL_STATES),
  /** Why the state is not ok. */
  fault: v.nullable(v.string()),
  /** Other paths that lead to the same bytes without a copy. */
  aliases: v.array(v.string()),
  claims: v.looseObject({}),
  civitai: v.nullable(v.looseObject({})),
  base_model: v.nullable(v.string()),
  license: v.nullable(v.string()),
  instance_id: v.string(),
  root: v.string(),
  modified_at: v.string(),
  found_at: v.string(),
  hashed_at: v.nullable(v.string()),
  last_used_at: v.nullable(v.string()),
})
export type ShownModel = v.InferInput<typeof modelSchema>

export function showModel(row: ModelRow): ShownModel {
  const path = listedPathOf(row)
  return {
    path,
    real_path: row.path,
    filename: path.slice(path.lastIndexOf('/') + 1),
    name: row.name,
    type: row.type,
    size_bytes: row.sizeBytes,
    sha256: row.sha256,
    tensor_sha256: row.tensorSha256,
    auto_v1: row.autoV1,
    auto_v2: row.sha256 === null ? null : toAutoV2(row.sha256 as Sha256),
    auto_v3: row.tensorSha256 === null ? null : toAutoV3(row.tensorSha256 as TensorSha256),
    blake3: row.blake3,
    crc32: row.crc32,
    state: row.state,
    fault: row.fault,
    aliases: row.aliases.map(String),
    claims: row.claims,
    civitai: toCivitai(row),
    base_model: row.baseModel,
    license: row.license,
    instance_id: row.instanceId,
    root: row.root,
    modified_at: toIso(Math.floor(row.modifiedUs / 1000)),
    found_at: toIso(row.foundAt),
    hashed_at: row.hashedAt === null ? null : toIso(row.hashedAt),
    last_used_at: row.lastUsedAt === null ? null : toIso(row.lastUsedAt),
  }
}

/** What Civitai said of the digest; else the ids that the file's sidecars or its name claim. */
function toCivitai(row: ModelRow): ShownModel['civitai'] {
  if (row.civitai !== null && typeof row.civitai.version_id === 'number') return { ...row.civitai, source: 'civitai' }
  if (row.civitaiModelId === null && row.civitaiVersionId === null) return null
  return { model_id: row.civitaiModelId, version_id: row.civitaiVersionId, source: 'claim' }
}
