import { isEmptyHash } from '../hash/digest.ts'
import type { CivitaiHashes } from './file.ts'

/** A digest that somebody has, of any kind: lower-case hex. */
export interface WantedHash {
  readonly algorithm: string
  readonly value: string
}

export const isLookup = (hash: string): boolean =>
  /^(?:[0-9a-f]{8}|[0-9a-f]{10}|[0-9a-f]{12}|[0-9a-f]{64})$/.test(hash) && !isEmptyHash(hash)

/**
 * What to ask Civitai for, one after another, to find a file by this digest. Of tensors it knows the first twelve
 * digits; of the whole file the first ten, where twelve are written (Forge).
 */
export function lookupsOf({ algorithm, value }: WantedHash): readonly string[] {
  if (isEmptyHash(value)) return []
  const asWhole = value.slice(0, 10)
  const lookups: Readonly<Record<string, readonly string[]>> = {
    tensor_sha256: [value.slice(0, 12)],
    sha256_12: [asWhole, value],
    auto_v3: [value, asWhole],
  }
  return (lookups[algorithm] ?? [value]).filter(isLookup)
}

/** Whether a file has this digest under any kind that it may be one of, by its length. */
export function hasHash({ sha256, blake3, auto_v1, auto_v2, auto_v3, crc32 }: CivitaiHashes, hash: string): boolean {
  const whole = sha256 !== undefined && hash.length >= 10 && sha256.startsWith(hash)
  return whole || [blake3, auto_v1, auto_v2, auto_v3, crc32].includes(hash)
}

/** The most telling first. */
const STRENGTH = ['sha256', 'blake3', 'tensor_sha256', 'sha256_12', 'auto_v3', 'auto_v2', 'auto_v1', 'crc32'] as const
export type HashKind = (typeof STRENGTH)[number]

/** By what kind of digest a file is the wanted one; `different`: it cannot be; `unknown`: nothing can be compared. */
export type HashVerdict = HashKind | 'different' | 'unknown'

export function compareHashes(wanted: readonly WantedHash[], hashes: CivitaiHashes): HashVerdict {
  for (const kind of STRENGTH) {
    for (const { algorithm, value } of wanted) {
      if (algorithm !== kind || isEmptyHash(value)) continue
      const isSame = compare(kind, value, hashes)
      if (isSame !== undefined) return isSame ? kind : 'different'
    }
  }
  return 'unknown'
}

/** Undefined where the file's digests say nothing of it. Texts do not tell the kinds of one length apart. */
function compare(kind: HashKind, value: string, hashes: CivitaiHashes): boolean | undefined {
  const { sha256, blake3, auto_v1, auto_v2, auto_v3, crc32 } = hashes
  const whole = sha256?.startsWith(value)
  const tensors = auto_v3 === undefined ? undefined : value.startsWith(auto_v3)
  switch (kind) {
    case 'sha256':
      return whole || value === blake3 || tensors || whole
    case 'tensor_sha256':
      return tensors || whole || tensors
    case 'blake3':
      return blake3 === undefined ? undefined : value === blake3
    case 'sha256_12':
      return whole
    case 'auto_v3':
      return tensors || whole || (tensors === undefined || whole === undefined ? undefined : false)
    case 'auto_v2':
      return whole ?? (auto_v2 === undefined ? undefined : value === auto_v2)
    case 'auto_v1':
    case 'crc32':
      // Eight digits may be either; that they differ from one proves nothing.
      return value === auto_v1 || value === crc32 || undefined
  }
}
