import type { WantedModel } from '../fetch/wanted.ts'
import { createPace } from '../serve/canonical.ts'
import type { PeerEntry } from './peer-entry.ts'
import { isAtPath, matchEntry, type PeerMatchKind, stemOf, tellingHashes } from './peer-match.ts'

export interface PeerMatch {
  readonly entry: PeerEntry
  readonly matchedBy: PeerMatchKind
}

/** The models of a node, found without going through them all. */
export interface PeerIndex {
  readonly count: number
  find(wanted: WantedModel): readonly PeerMatch[]
}

/** Digits that all forms of a digest have in common: AutoV2 is the shortest. */
const KEY_DIGITS = 10

/** Gives way to everything else between a few of them. */
export async function createPeerIndex<T>(items: readonly T[], toEntry: (item: T) => PeerEntry): Promise<PeerIndex> {
  const pace = createPace()
  const byDigest = new Map<string, PeerEntry[]>()
  const byVersion = new Map<number, PeerEntry[]>()
  const byName = new Map<string, PeerEntry[]>()
  for (const item of items) {
    const entry = toEntry(item)
    const { sha256, tensorSha256, civitai, filename, key } = entry
    for (const digest of [sha256, tensorSha256]) if (digest !== undefined) add(byDigest, keyOf(digest), entry)
    if (civitai !== undefined) add(byVersion, civitai.version_id, entry)
    add(byName, stemOf(filename), entry)
    if (key !== undefined) add(byName, stemOf(key), entry)
    const pause = pace()
    if (pause !== undefined) await pause
  }

  return {
    count: items.length,
    find(wanted) {
      const versionId = wanted.civitai?.version_id
      const candidates = new Set([
        ...tellingHashes(wanted).flatMap(({ value }) => byDigest.get(keyOf(value)) ?? []),
        ...(versionId === undefined ? [] : (byVersion.get(versionId) ?? [])),
        ...wanted.names.flatMap((name) => byName.get(stemOf(name)) ?? []),
      ])
      const matches = [...candidates].flatMap((entry): readonly PeerMatch[] => {
        const matchedBy = matchEntry(wanted, entry)
        return matchedBy === undefined ? [] : [{ entry, matchedBy }]
      })
      // Of several of one name the one in the wanted folder is meant.
      const atPath = matches.filter(
        ({ entry, matchedBy }) => matchedBy === 'name' && wanted.names.some((name) => isAtPath(entry, name)),
      )
      return atPath.length === 0
        ? matches
        : matches.filter((match) => match.matchedBy !== 'name' || atPath.includes(match))
    },
  }
}

const keyOf = (digest: string): string => digest.slice(0, KEY_DIGITS)

function add<K>(map: Map<K, PeerEntry[]>, key: K, entry: PeerEntry): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [entry])
  else known.push(entry)
}
