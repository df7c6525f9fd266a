import type { FileHints } from '../../models/library.ts'
import type { Dependency } from '../dependency.ts'
import { parseModelName } from '../model-name.ts'

/** Fewer digits are shared by too many. */
const SHORTEST_BEGINNING = 10

/** What the index is asked for: whatever could be one of these. */
export function hintsOf(dependencies: readonly Dependency[]): FileHints {
  const digests = new Set<string>()
  const beginnings = new Set<string>()
  const shorts = new Set<string>()
  const versions = new Set<number>()
  const stems = new Set<string>()
  for (const { hashes, civitai, written } of dependencies) {
    for (const { algorithm, value } of hashes) {
      if (algorithm === 'auto_v1' || algorithm === 'crc32') shorts.add(value)
      else if (value.length === 64) digests.add(value)
      else if (value.length >= SHORTEST_BEGINNING) beginnings.add(value)
    }
    if (civitai?.version_id !== undefined) versions.add(civitai.version_id)
    for (const name of written) for (const stem of spellings(parseModelName(name).stem)) stems.add(stem)
  }
  return {
    digests: [...digests],
    beginnings: [...beginnings],
    shorts: [...shorts],
    versions: [...versions],
    stems: [...stems],
  }
}

/** Some systems write an accent as a character of its own. */
const spellings = (stem: string): readonly string[] =>
  stem === '' ? [] : [stem, stem.normalize('NFC'), stem.normalize('NFD')].map((each) => each.toLowerCase())
