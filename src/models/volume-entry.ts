import { isEmptyHash } from '../hash/digest.ts'
import type { VolumeDigests } from './library/merge-row.ts'

/**
 * The digests of a volume as lines of JSON: a header, one array for each file, and an end that holds their number and
 * the SHA-256 of everything before it. A file that was cut, damaged or written by hand is so told from a good one.
 */

/** What is known of one file; `relative` is its path below the root, `/` between the parts. */
export type VolumeEntry = { readonly relative: string } & VolumeDigests

/** First line. Another version is another format: it is not read. */
export const HEADER = '{"format":"airkeep-digests","version":1}\n'

/** `[relative, size, modified, sha256, tensor, auto_v1, blake3, crc32, sample]`, null for what is not known. */
export const toLine = (entry: VolumeEntry): string =>
  `${JSON.stringify([
    entry.relative,
    entry.sizeBytes,
    entry.modifiedUs,
    entry.sha256,
    entry.tensorSha256 ?? null,
    entry.autoV1 ?? null,
    entry.blake3 ?? null,
    entry.crc32 ?? null,
    entry.sample ?? null,
  ])}\n`

/** Last line. */
export const toEnd = (entries: number, sha256: string): string => `${JSON.stringify({ entries, sha256 })}\n`

const HEX_64 = /^[0-9a-f]{64}$/
const HEX_8 = /^[0-9a-f]{8}$/

/** An empty path or part, `.` and `..`. */
const ODD_PART = /(?:^|\/)\.{0,2}(?:\/|$)/
const MAX_PATH = 4_096

const isRelative = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_PATH && !ODD_PART.test(value) && !value.includes('\0')

const isNumber = (value: unknown, least: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= least

const isHex = (value: unknown, form: RegExp): value is string | null =>
  value === null || (typeof value === 'string' && form.test(value))

/**
 * One array of the file. A volume may come from anywhere, so every field is looked at; undefined where one is not what
 * it must be.
 */
export function parseEntry(line: string): VolumeEntry | undefined {
  const value = toArray(line)
  if (value === undefined || value.length !== 9) return undefined
  const [relative, sizeBytes, modifiedUs, sha256, tensorSha256, autoV1, blake3, crc32, sample] = value
  if (!isRelative(relative) || !isNumber(sizeBytes, 0) || !isNumber(modifiedUs, Number.MIN_SAFE_INTEGER)) {
    return undefined
  }
  if (typeof sha256 !== 'string' || !HEX_64.test(sha256)) return undefined
  // The digest of no bytes is what a failed reading leaves.
  if (isEmptyHash(sha256) && sizeBytes > 0) return undefined
  if (!isHex(tensorSha256, HEX_64) || !isHex(blake3, HEX_64) || !isHex(sample, HEX_64)) return undefined
  if (!isHex(autoV1, HEX_8) || !isHex(crc32, HEX_8)) return undefined
  return {
    relative,
    sizeBytes,
    modifiedUs,
    sha256,
    tensorSha256: tensorSha256 ?? undefined,
    autoV1: autoV1 ?? undefined,
    blake3: blake3 ?? undefined,
    crc32: crc32 ?? undefined,
    sample: sample ?? undefined,
  }
}

function toArray(line: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
