import { lstat } from 'node:fs/promises'
import { AppError } from '../../errors.ts'
import { toMicroseconds } from '../../lib/file-numbers.ts'
import type { ChunkHashes, ModelChunks } from './chunks.ts'
import type { Refusal, ServeRule } from './exclude.ts'
import { tensorsOf } from './kin.ts'
import type { ServedRow, ServedRows } from './served-rows.ts'

/** A model file that may be handed out. */
export interface ServedModel {
  /** Real path as it was walked: open it without following links. */
  readonly path: string
  /** File name as UIs list it. */
  readonly filename: string
  readonly sizeBytes: number
  /** `mtime` in microseconds since the epoch, rounded down. */
  readonly modifiedUs: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Undefined for what is no safetensors file, or was not read yet. */
  readonly tensorSha256: string | undefined
}

export interface ModelServer {
  /**
   * The file with this digest, of the whole or of its tensors. Of several copies one whose size and time are still
   * those of the index.
   * @param hash 64 hex, in any letter case
   * @throws AppError invalid_input; not_found (also for what the owner excluded); license_blocked; forbidden (a pickle)
   */
  find(hash: string): Promise<ServedModel>
  /**
   * Chunk hashes of a model that `find` gave; the first time its file is read for them, once for all who ask meanwhile.
   * @throws AppError conflict: its bytes are others than the index says; cancelled; and what hashing throws
   */
  chunks(model: ServedModel, signal?: AbortSignal): Promise<ModelChunks>
  /** The same where they were computed before. */
  storedChunks(model: ServedModel): Promise<ModelChunks | undefined>
}

export interface ModelServerDeps {
  readonly rows: Pick<ServedRows, 'bySha256' | 'byTensor'>
  readonly rule: ServeRule
  readonly chunkHashes: ChunkHashes
}

export function createModelServer({ rows, rule, chunkHashes }: ModelServerDeps): ModelServer {
  async function find(given: string): Promise<ServedModel> {
    const hash = toDigest(given)
    const own = await rows.bySha256(hash)
    const digests = own.length > 0 ? [] : await rows.byTensor(hash)
    let refusal: Refusal | undefined
    let isMissing = false
    for (const copies of own.length > 0 ? [own] : await Promise.all(digests.map(rows.bySha256))) {
      const why = rule.whyNotServed(copies, await kinOf(copies))
      if (why !== undefined) {
        refusal ??= why
        continue
      }
      const served = await firstThere(copies.filter(rule.isServable))
      if (served !== undefined) return served
      isMissing = true
    }
    throw toError(refusal, isMissing)
  }

  async function kinOf(copies: readonly ServedRow[]): Promise<readonly ServedRow[]> {
    const digests = (await Promise.all(tensorsOf(copies).map(rows.byTensor))).flat()
    const others = [...new Set(digests)].filter((sha256) => sha256 !== copies[0]?.sha256)
    return [...copies, ...(await Promise.all(others.map(rows.bySha256))).flat()]
  }

  return {
    find,
    chunks: chunkHashes.of,
    storedChunks: ({ sha256 }) => chunkHashes.stored(sha256),
  }
}

function toDigest(hash: string): string {
  const lower = hash.toLowerCase()
  if (/^[0-9a-f]{64}$/.test(lower)) return lower
  const expected = 'hash must be 64 hexadecimal digits'
  throw new AppError('invalid_input', expected, { errors: [{ path: 'hash', expected }] })
}

async function firstThere(copies: readonly ServedRow[]): Promise<ServedModel | undefined> {
  for (const copy of copies) {
    if (await isUnchanged(copy)) return toServed(copy)
  }
  return undefined
}

/** A link in its place, even to the same file, is not what was walked. */
async function isUnchanged({ path, sizeBytes, modifiedUs }: ServedRow): Promise<boolean> {
  try {
    const found = await lstat(path, { bigint: true })
    return found.isFile() && Number(found.size) === sizeBytes && toMicroseconds(found.mtimeNs) === modifiedUs
  } catch (error) {
    // Only what the system says is an answer.
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

const toServed = (row: ServedRow): ServedModel => ({
  path: row.path,
  filename: row.name.slice(row.name.lastIndexOf('/') + 1),
  sizeBytes: row.sizeBytes,
  modifiedUs: row.modifiedUs,
  sha256: row.sha256,
  tensorSha256: row.tensorSha256 ?? undefined,
})

function toError(refusal: Refusal | undefined, isMissing: boolean): AppError {
  if (isMissing) {
    return new AppError('not_found', 'The model file has changed or gone since it was last seen', {
      hint: 'scan_models looks for it again',
    })
  }
  if (refusal === undefined || refusal.code === 'not_found') {
    return new AppError('not_found', 'No model file with these bytes is served here', {
      hint: 'get_model_manifest lists those that are',
    })
  }
  const hint = refusal.code === 'forbidden' ? 'Its owner can allow it with AIRKEEP_ALLOW_PICKLE' : undefined
  return new AppError(refusal.code, `Refused to hand the model out: ${refusal.reason}`, { hint })
}
