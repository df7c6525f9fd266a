/**
 * Digests of files as the world writes them: branded lower-case hex without a prefix, so that two of
 * different kinds cannot be compared by accident and two of one kind compare with `===`.
 */

type Hex<Kind extends string> = string & { readonly __digest: Kind }

/** SHA-256 of the whole file, 64 hex. */
export type Sha256 = Hex<'sha256'>
/** SHA-256 of what follows the header of a safetensors file, 64 hex; SwarmUI writes it as `0x…`. */
export type TensorSha256 = Hex<'tensor_sha256'>
/** BLAKE3 of the whole file, 64 hex. */
export type Blake3 = Hex<'blake3'>
/** CRC-32 (zlib) of the whole file, 8 hex. */
export type Crc32 = Hex<'crc32'>
/** The first 8 hex of the SHA-256 of 65,536 bytes at offset 0x100000: A1111 in 2022. */
export type AutoV1 = Hex<'auto_v1'>
/** The first 10 hex of the whole file's SHA-256: "Model hash" of A1111, Forge, SD.Next. */
export type AutoV2 = Hex<'auto_v2'>
/** The first 12 hex of the tensor digest; in Forge's "Lora hashes" of the whole file's SHA-256 instead. */
export type AutoV3 = Hex<'auto_v3'>

interface DigestTypes {
  sha256: Sha256
  tensor_sha256: TensorSha256
  blake3: Blake3
  crc32: Crc32
  auto_v1: AutoV1
  auto_v2: AutoV2
  auto_v3: AutoV3
}

export type DigestAlgorithm = keyof DigestTypes

/** Hex digits of each kind and the prefixes under which it is written, besides none at all. */
const SHAPES: Record<DigestAlgorithm, { readonly length: number; readonly prefixes: readonly string[] }> = {
  sha256: { length: 64, prefixes: ['0x', 'sha256:'] },
  tensor_sha256: { length: 64, prefixes: ['0x', 'sha256:'] },
  blake3: { length: 64, prefixes: ['0x', 'blake3:'] },
  crc32: { length: 8, prefixes: ['0x', 'crc32:'] },
  auto_v1: { length: 8, prefixes: ['0x', 'autov1:'] },
  auto_v2: { length: 10, prefixes: ['0x', 'autov2:', 'sha256:'] },
  auto_v3: { length: 12, prefixes: ['0x', 'autov3:', 'sha256:'] },
}

const SPELLING = /^(0x|[a-z][a-z0-9]*:)?([0-9a-f]+)$/

/** Longest text that is looked at: prefix, 64 digits and blanks around them. */
const MAX_TEXT = 200

function split(text: string): { prefix: string; hex: string } | undefined {
  if (text.length > MAX_TEXT) return undefined
  const match = SPELLING.exec(text.trim().toLowerCase())
  return match?.[2] === undefined ? undefined : { prefix: match[1] ?? '', hex: match[2] }
}

function parse<A extends DigestAlgorithm>(algorithm: A, text: string): DigestTypes[A] | undefined {
  const parts = split(text)
  const { length, prefixes } = SHAPES[algorithm]
  if (parts === undefined || parts.hex.length !== length) return undefined
  if (parts.prefix !== '' && !prefixes.includes(parts.prefix)) return undefined
  return parts.hex as DigestTypes[A]
}

/** Each takes blanks around, upper case and the prefixes of its kind; anything else is undefined. */
export const parseSha256 = (text: string): Sha256 | undefined => parse('sha256', text)
export const parseTensorSha256 = (text: string): TensorSha256 | undefined => parse('tensor_sha256', text)
export const parseBlake3 = (text: string): Blake3 | undefined => parse('blake3', text)
export const parseCrc32 = (text: string): Crc32 | undefined => parse('crc32', text)
export const parseAutoV1 = (text: string): AutoV1 | undefined => parse('auto_v1', text)
export const parseAutoV2 = (text: string): AutoV2 | undefined => parse('auto_v2', text)
export const parseAutoV3 = (text: string): AutoV3 | undefined => parse('auto_v3', text)

/** Exactly as stored: 64 lower-case hex and nothing around them. */
export const isSha256Hex = (text: string): text is Sha256 => /^[0-9a-f]{64}$/.test(text)

export const toAutoV2 = (sha256: Sha256): AutoV2 => sha256.slice(0, 10) as AutoV2
export const toAutoV3 = (tensor: TensorSha256): AutoV3 => tensor.slice(0, 12) as AutoV3

/** SHA-256 of no bytes at all. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as Sha256

const EMPTY_HASHES = new Set<string>([EMPTY_SHA256, ...[8, 10, 12].map((length) => EMPTY_SHA256.slice(0, length))])

/**
 * Whether `hex` (lower case, no prefix) is the SHA-256 of no bytes or its prefix of 8, 10 or 12. Tools
 * that failed to read a file wrote it into pictures, and on Civitai it finds models at random, so it
 * must never identify a model.
 */
export const isEmptyHash = (hex: string): boolean => EMPTY_HASHES.has(hex)

/** A hash whose kind follows from how it was written. */
export type ClassifiedHash = {
  [A in DigestAlgorithm]: { readonly algorithm: A; readonly value: DigestTypes[A] }
}[DigestAlgorithm]

const classified = (algorithm: DigestAlgorithm, hex: string): ClassifiedHash =>
  ({ algorithm, value: hex }) as ClassifiedHash

/** What a hash without a telling prefix most likely is, by its length. */
const BY_LENGTH = new Map<number, DigestAlgorithm>([
  [64, 'sha256'],
  [12, 'auto_v3'],
  [10, 'auto_v2'],
  [8, 'auto_v1'],
])

/** Prefixes that allow one kind only; `sha256:` may stand before a shortened one too. */
const BY_PREFIX = new Map<string, DigestAlgorithm>([
  ['blake3:', 'blake3'],
  ['crc32:', 'crc32'],
  ['autov1:', 'auto_v1'],
  ['autov2:', 'auto_v2'],
  ['autov3:', 'auto_v3'],
])

/**
 * The most likely kind of a hash from a prompt's text. Undefined where it is no hash (another length,
 * `md5:…`) and for the hash of no bytes (`isEmptyHash`). What the text alone cannot tell: 64 digits
 * may also be BLAKE3 or a tensor digest, 12 the start of the whole file's SHA-256, 8 a CRC-32.
 */
export function classifyHash(text: string): ClassifiedHash | undefined {
  const parts = split(text)
  if (parts === undefined || isEmptyHash(parts.hex)) return undefined
  const { prefix, hex } = parts
  const named = BY_PREFIX.get(prefix)
  if (named !== undefined) return SHAPES[named].length === hex.length ? classified(named, hex) : undefined
  if (prefix !== '' && prefix !== '0x' && prefix !== 'sha256:') return undefined
  if (prefix === '0x' && hex.length === 64) return classified('tensor_sha256', hex)
  const guess = BY_LENGTH.get(hex.length)
  if (guess === undefined || (prefix === 'sha256:' && guess === 'auto_v1')) return undefined
  return classified(guess, hex)
}
