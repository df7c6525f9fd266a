import { isEmptyHash, parseTensorSha256 } from '../../hash/digest.ts'
import { ggufFileType } from '../../hash/gguf-types.ts'
import type { JsonObject } from '../../lib/json.ts'
import { boundText, plainText, type Room } from './bounded.ts'

type Metadata = Readonly<Record<string, string>>

/** What is kept first, should there be no room for all. */
const FIRST = [
  'modelspec.title',
  'modelspec.architecture',
  'modelspec.hash_sha256',
  'modelspec.license',
  'modelspec.trigger_phrase',
  'modelspec.author',
  'modelspec.date',
  'sshs_model_hash',
  'sshs_legacy_hash',
  'ss_output_name',
  'ss_base_model_version',
  'ss_sd_model_name',
  'ss_sd_model_hash',
  'ss_new_sd_model_hash',
  'ss_network_module',
  'ss_network_dim',
  'ss_network_alpha',
  'general.architecture',
  'general.name',
  'general.license',
  'general.file_type',
]

/** SAI ModelSpec, kohya, OneTrainer, gguf, SwarmUI. */
const PREFIXES = /^(?:modelspec\.|ss_|sshs_|ot_|general\.|adapter\.|split\.)/

/** What ai-toolkit, diffusers and PEFT, InvokeAI and others write without a prefix. */
const NAMES = new Set([
  'architecture',
  'base_model',
  'format',
  'license',
  'lora_adapter_metadata',
  'model_type',
  'name',
  'software',
  'title',
  'training_info',
  'trigger_phrase',
  'trigger_word',
  'trigger_words',
  'version',
])

/**
 * Pictures, the folders of the trainer's disk, and what is summed up elsewhere. OneTrainer's configuration may hold
 * whatever its user typed.
 */
const LEFT_OUT = new Set([
  'modelspec.thumbnail',
  'modelspec.preview_image',
  'ss_tag_frequency',
  'ss_bucket_info',
  'ss_datasets',
  'ss_dataset_dirs',
  'ss_reg_dataset_dirs',
  'ot_config',
])

/** The claims of a header under their own names, each of at most 2 KiB, as far as there is room. */
export function headerClaims(metadata: Metadata, room: Room): JsonObject | undefined {
  const claims: JsonObject = {}
  const wanted = Object.keys(metadata).filter((key) => (PREFIXES.test(key) || NAMES.has(key)) && !LEFT_OUT.has(key))
  const inOrder = [...FIRST.filter((key) => wanted.includes(key)), ...wanted.filter((key) => !FIRST.includes(key))]
  for (const key of inOrder) {
    const value = metadata[key]
    if (value === undefined || value.trim() === '' || key.length > 200) continue
    room.put(claims, key, boundText(key === 'general.file_type' ? (ggufFileType(value) ?? value) : value))
  }
  return Object.keys(claims).length === 0 ? undefined : claims
}

/** `sshs_model_hash` (kohya), else `modelspec.hash_sha256`; never the hash of no bytes, which broken trainers write. */
export function claimedTensor(metadata: Metadata): string | undefined {
  for (const key of ['sshs_model_hash', 'modelspec.hash_sha256']) {
    const hash = parseTensorSha256(own(metadata, key) ?? '')
    if (hash !== undefined && !isEmptyHash(hash)) return hash
  }
  return undefined
}

export const outputName = (metadata: Metadata): string | undefined =>
  plainText(own(metadata, 'ss_output_name') ?? '', 255)

export function headerLicense(metadata: Metadata): string | undefined {
  for (const key of ['modelspec.license', 'general.license', 'general.license.name', 'license']) {
    const license = plainText(own(metadata, key) ?? '', 200)
    if (license !== undefined) return license
  }
  return undefined
}

const own = (metadata: Metadata, key: string): string | undefined =>
  Object.hasOwn(metadata, key) ? metadata[key] : undefined
