import { isEmptyHash } from '../../hash/digest.ts'
import type { WantedModel } from '../fetch/wanted.ts'
import { type ModelType, modelExtension } from '../model-file.ts'
import type { PeerEntry } from './peer-entry.ts'

/** By what a node's model is the wanted one, the most telling first. */
export const PEER_MATCHES = [
  'sha256',
  'tensor_sha256',
  'sha256_12',
  'auto_v3',
  'auto_v2',
  'civitai_version',
  'name',
] as const

export type PeerMatchKind = (typeof PEER_MATCHES)[number]

type WantedHash = WantedModel['hashes'][number]
type HashMatch = Exclude<PeerMatchKind, 'civitai_version' | 'name'>

/** `different`: the hash could have matched and does not. `unknown`: these digests say nothing about it. */
type Verdict = HashMatch | 'different' | 'unknown'

/** Hashes that can find or rule out a model by what nodes say of theirs. */
export const tellingHashes = ({ hashes }: Pick<WantedModel, 'hashes'>): readonly WantedHash[] =>
  hashes.filter(({ value }) => !isEmptyHash(value))

/** Why a node's model is the wanted one; undefined where it is not, or where a digest of it says otherwise. */
export function matchEntry(wanted: WantedModel, entry: PeerEntry): PeerMatchKind | undefined {
  const verdicts = tellingHashes(wanted).map((hash) => compare(hash, entry))
  const byHash = PEER_MATCHES.find((kind) => verdicts.includes(kind as HashMatch))
  // The whole digest proves the bytes, wherever the node keeps them.
  if (byHash === 'sha256' || byHash === 'tensor_sha256') return byHash
  if (!isOfType(wanted.type, entry.types)) return undefined
  if (byHash !== undefined) return byHash
  if (verdicts.includes('different')) return undefined
  const versionId = wanted.civitai?.version_id
  if (versionId !== undefined && entry.civitai !== undefined) {
    return entry.civitai.version_id === versionId ? 'civitai_version' : undefined
  }
  return wanted.names.some((name) => isNamed(entry, name)) ? 'name' : undefined
}

/**
 * Twelve digits are a tensor digest's or the whole file's (Forge), and so are 64; a node of SwarmUI's knows the former
 * alone.
 */
function compare({ algorithm, value }: WantedHash, { sha256, tensorSha256 }: PeerEntry): Verdict {
  const otherwise = sha256 === undefined ? 'unknown' : 'different'
  switch (algorithm) {
    case 'sha256':
      if (value === sha256) return 'sha256'
      return value === tensorSha256 ? 'tensor_sha256' : otherwise
    case 'tensor_sha256':
      if (tensorSha256 === undefined) return 'unknown'
      return value === tensorSha256 ? 'tensor_sha256' : 'different'
    case 'sha256_12':
      return sha256?.startsWith(value) ? 'sha256_12' : otherwise
    case 'auto_v3':
      if (tensorSha256?.startsWith(value)) return 'auto_v3'
      if (sha256?.startsWith(value)) return 'sha256_12'
      return tensorSha256 === undefined ? 'unknown' : 'different'
    case 'auto_v2':
      return sha256?.startsWith(value) ? 'auto_v2' : otherwise
    default:
      return 'unknown'
  }
}

/** Types that different UIs keep in each other's folders. */
const NEIGHBOURS: readonly (readonly ModelType[])[] = [
  ['checkpoint', 'diffusion_model'],
  ['vae', 'text_encoder'],
  ['controlnet', 'ipadapter'],
]

/** Types of which the wanted model may be, as hosts sort them; every one where it is not known. */
export const mayBeOfType = (wanted: ModelType, type: ModelType): boolean =>
  wanted === type ||
  wanted === 'other' ||
  type === 'other' ||
  NEIGHBOURS.some((group) => group.includes(wanted) && group.includes(type))

const isOfType = (wanted: ModelType, types: readonly ModelType[]): boolean =>
  types.some((type) => mayBeOfType(wanted, type))

/** The same file name, letter for letter; an extension counts where both have one. Folders are each host's own. */
function isNamed({ filename, key }: PeerEntry, wanted: string): boolean {
  if (wanted === key) return true
  const name = baseName(wanted)
  if (name === filename) return name !== ''
  const [one, other] = [modelExtension(name), modelExtension(filename)]
  return (one === undefined) !== (other === undefined) && stemOf(name) === stemOf(filename)
}

/** Whether a node lists a model under this very path, where it shows folders. */
export const isAtPath = ({ name }: PeerEntry, wanted: string): boolean =>
  wanted.includes('/') || wanted.includes('\\') ? withoutExtension(slashed(wanted)) === withoutExtension(name) : false

const slashed = (name: string): string => name.replaceAll('\\', '/').replace(/^\/+/, '')

const baseName = (name: string): string => name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)

const withoutExtension = (name: string): string => name.slice(0, name.length - (modelExtension(name)?.length ?? 0))

/** What names that may be the same have in common. */
export const stemOf = (name: string): string => withoutExtension(baseName(name))
