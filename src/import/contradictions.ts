import type { HashAlgorithm, HashEvidence, ImportWarning } from './dependency.ts'
import type { Mention } from './mention.ts'

interface ToldOfModel {
  readonly hashes: ReadonlyMap<string, HashEvidence>
  readonly mentions: readonly Mention[]
}

/** What the sources say of one model that cannot all be true. */
export const contradictionsOf = ({ hashes, mentions }: ToldOfModel): ImportWarning[] => [
  ...(hashes.size < 2 ? [] : hashConflicts([...hashes.values()])),
  ...versionConflicts(mentions),
]

/** Kinds of which one file has exactly one value. Twelve digits (`auto_v3`) may be of two kinds, eight of any. */
const DIGEST_OF: Partial<Record<HashAlgorithm, string>> = {
  sha256: 'file',
  sha256_12: 'file',
  auto_v2: 'file',
  tensor_sha256: 'tensors',
  blake3: 'blake3',
}

function hashConflicts(hashes: readonly HashEvidence[]): ImportWarning[] {
  const longest = new Map<string, HashEvidence>()
  const warnings: ImportWarning[] = []
  for (const hash of hashes) {
    const of = DIGEST_OF[hash.algorithm]
    if (of === undefined) continue
    const other = longest.get(of)
    if (other !== undefined && !isBeginning(hash.value, other.value)) {
      warnings.push({ place: hash.source, reason: `its hash contradicts the one of ${other.source}` })
    } else if (other === undefined || other.value.length < hash.value.length) longest.set(of, hash)
  }
  return warnings
}

const isBeginning = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)

function versionConflicts(mentions: readonly Mention[]): ImportWarning[] {
  const first = mentions.find(({ civitai }) => civitai?.version_id !== undefined)
  if (first === undefined) return []
  const told = first.civitai?.version_id
  return mentions
    .filter(({ civitai }) => (civitai?.version_id ?? told) !== told)
    .map(({ evidence }) => ({
      place: evidence[0],
      reason: `its Civitai version contradicts the one of ${first.evidence[0]}`,
    }))
}
