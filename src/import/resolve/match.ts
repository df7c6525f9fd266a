import { toAutoV2, toAutoV3 } from '../../hash/digest.ts'
import type { LibraryFile, ModelDigests } from '../../models/library.ts'
import { isOfType } from '../../models/type-kinship.ts'
import type { Dependency, HashEvidence } from '../dependency.ts'
import { foldedStem, type ModelName, parseModelName } from '../model-name.ts'

/** Kinds of agreement between a hash that a prompt names and a file, the most telling first. */
const STRENGTH = ['sha256', 'tensor_sha256', 'blake3', 'sha256_12', 'auto_v3', 'auto_v2', 'auto_v1', 'crc32'] as const
export type HashMatch = (typeof STRENGTH)[number]

/** `different`: the hash could have matched and does not. `unknown`: these digests say nothing about it. */
type Verdict = HashMatch | 'different' | 'unknown'

/**
 * Compares one hash with one file's digests. Twelve digits are a tensor digest's (A1111) or the whole file's (Forge
 * without a claim in the header): both are tried, and so are both kinds of 64 digits.
 */
function compare({ algorithm, value }: HashEvidence, digests: ModelDigests): Verdict {
  const { sha256, tensorSha256, autoV1, blake3, crc32 } = digests
  const otherwise = digests.incomplete ? 'unknown' : 'different'
  switch (algorithm) {
    case 'sha256':
      if (value === sha256) return 'sha256'
      if (value === blake3) return 'blake3'
      return value === tensorSha256 ? 'tensor_sha256' : otherwise
    case 'tensor_sha256':
      if (tensorSha256 === undefined) return 'unknown'
      return value === tensorSha256 ? 'tensor_sha256' : 'different'
    case 'sha256_12':
      return sha256.startsWith(value) ? 'sha256_12' : 'different'
    case 'auto_v3':
      if (tensorSha256 !== undefined && toAutoV3(tensorSha256) === value) return 'auto_v3'
      return sha256.startsWith(value) ? 'sha256_12' : otherwise
    case 'auto_v2':
      return toAutoV2(sha256) === value ? 'auto_v2' : 'different'
    case 'auto_v1':
      // Eight digits may be a CRC-32 as well, so disagreement proves nothing.
      if (autoV1 === value) return 'auto_v1'
      return crc32 === value ? 'crc32' : 'unknown'
    case 'blake3':
      if (blake3 === undefined) return 'unknown'
      return blake3 === value ? 'blake3' : 'different'
    case 'crc32':
      if (crc32 === undefined) return 'unknown'
      return crc32 === value ? 'crc32' : 'different'
  }
}

/** The best agreement of a dependency's hashes with a file, or what the lack of one means. */
export function compareHashes(hashes: readonly HashEvidence[], digests: ModelDigests): Verdict {
  const verdicts = hashes.map((hash) => compare(hash, digests))
  return (
    STRENGTH.find((strength) => verdicts.includes(strength)) ??
    (verdicts.includes('different') ? 'different' : 'unknown')
  )
}

/** Whether the digests that hashing a file gives can settle any of the hashes. */
export const isComparable = (hashes: readonly HashEvidence[]): boolean =>
  hashes.some(({ algorithm }) => algorithm !== 'blake3' && algorithm !== 'crc32')

/** A large library is compared with each dependency of each import: its names are read once. */
const parsedNames = new WeakMap<LibraryFile, ModelName>()

function nameOf(file: LibraryFile): ModelName {
  const known = parsedNames.get(file)
  if (known !== undefined) return known
  const parsed = parseModelName(file.name)
  parsedNames.set(file, parsed)
  return parsed
}

export interface NameMatches {
  /** The same path and name as a UI lists it. */
  readonly exact: readonly LibraryFile[]
  /** The same name in another folder. */
  readonly sameStem: readonly LibraryFile[]
  /** The same but for case and the way accents are written: for a person to decide. */
  readonly similar: readonly LibraryFile[]
}

export function matchNames(dependency: Dependency, files: readonly LibraryFile[]): NameMatches {
  const wanted = dependency.written.map(parseModelName)
  const paths = new Set(wanted.map(({ path }) => path))
  const stems = new Set(wanted.map(({ stem }) => stem))
  const foldedStems = new Set(wanted.map(foldedStem))
  const exact: LibraryFile[] = []
  const sameStem: LibraryFile[] = []
  const similar: LibraryFile[] = []
  for (const file of files) {
    if (!isOfType(dependency.type, file.type)) continue
    const name = nameOf(file)
    const { path, stem } = name
    if (stem === '') continue
    if (paths.has(path)) exact.push(file)
    else if (stems.has(stem)) sameStem.push(file)
    else if (foldedStems.has(foldedStem(name))) similar.push(file)
  }
  return { exact: onePerFile(exact), sameStem: onePerFile(sameStem), similar: onePerFile(similar) }
}

/** Of several names of one file the first. */
export function onePerFile(files: readonly LibraryFile[]): readonly LibraryFile[] {
  const paths = new Set<string>()
  return files.filter(({ path }) => !paths.has(path) && paths.add(path))
}
