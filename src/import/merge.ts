import { buildDependency } from './build-dependency.ts'
import type { Dependency, DependencyType, HashEvidence, ImportWarning } from './dependency.ts'
import { type Mention, TRUST, type TrustedMention } from './mention.ts'
import { looseName, type ModelName, mayBeSameFile, parseModelName } from './model-name.ts'

export interface Merged {
  readonly dependencies: readonly Dependency[]
  /** Hashes of one model that contradict each other. */
  readonly warnings: readonly ImportWarning[]
}

/**
 * One dependency for each model: mentions of one type are one model when they share a name, a hash or a
 * Civitai version. Evidence is united, the first weight counts, and one active mention makes it active.
 * Order is that of the first mention, so put the most trusted source first.
 */
export function mergeMentions(mentions: readonly TrustedMention[]): Merged {
  const groups: Group[] = []
  for (const mention of mentions) {
    const item = toItem(mention)
    const group = groups.find((known) => sameType(known.type, mention.type) && isSameModel(known, item))
    if (group === undefined) groups.push(join(emptyGroup(mention.type), item))
    else join(group, item)
  }
  for (const group of groups) group.unused = isUnused(group, groups)
  return { dependencies: groups.map(buildDependency), warnings: groups.flatMap(hashConflicts) }
}

interface Item {
  readonly mention: TrustedMention
  readonly name: ModelName | undefined
  readonly looseTitle: string
}

const toItem = (mention: TrustedMention): Item => ({
  mention,
  name: mention.name === undefined ? undefined : parseModelName(mention.name),
  looseTitle: looseName(mention.title ?? ''),
})

interface Group {
  type: DependencyType
  readonly names: ModelName[]
  readonly titles: Set<string>
  readonly hashes: Map<string, HashEvidence>
  readonly digits: Set<string>
  readonly mentions: TrustedMention[]
  unused: boolean
}

const emptyGroup = (type: DependencyType): Group => ({
  type,
  names: [],
  titles: new Set(),
  hashes: new Map(),
  digits: new Set(),
  mentions: [],
  unused: false,
})

/** Infotext says `Model` for both kinds of main model, and a Forge module may be a VAE or a text encoder. */
function sameType(a: DependencyType, b: DependencyType): boolean {
  if (a === b || a === 'other' || b === 'other') return true
  return (a === 'checkpoint' && b === 'diffusion_model') || (a === 'diffusion_model' && b === 'checkpoint')
}

function isSameModel(group: Group, { mention, name, looseTitle }: Item): boolean {
  if (name !== undefined && group.names.some((known) => mayBeSameFile(known, name))) return true
  // Within one source two names are two files to load, even when their bytes are the same.
  if (name !== undefined && group.mentions.some((other) => namedBySameSource(other, mention))) return false
  const version = mention.civitai?.version_id
  if (version !== undefined && group.mentions.some((other) => other.civitai?.version_id === version)) return true
  if (mention.hashes?.some((hash) => group.digits.has(digitsOf(hash))) === true) return true
  if (name !== undefined || looseTitle === '' || hasOtherVersion(group, version)) return false
  return group.titles.has(mention.title ?? '') || group.names.some((known) => known.loose === looseTitle)
}

const hasOtherVersion = (group: Group, version: number | undefined): boolean =>
  version !== undefined && group.mentions.some(({ civitai }) => (civitai?.version_id ?? version) !== version)

const namedBySameSource = (a: Mention, b: Mention): boolean =>
  a.name !== undefined && b.name !== undefined && sourceOf(a.evidence[0]) === sourceOf(b.evidence[0])

const sourceOf = (place: string): string => place.slice(0, place.indexOf(':'))

const hashKey = (hash: HashEvidence): string => `${hash.algorithm} ${hash.value}`

/** The same for a hash and its shorter forms. Eight digits are too few to stand for other kinds. */
const digitsOf = (hash: HashEvidence): string => (hash.value.length < 10 ? hashKey(hash) : hash.value.slice(0, 10))

function join(group: Group, { mention, name }: Item): Group {
  if (group.type === 'other' || (group.type === 'checkpoint' && mention.type === 'diffusion_model')) {
    group.type = mention.type
  }
  const knownFile = mention.knownFile === undefined ? undefined : parseModelName(mention.knownFile)
  for (const each of [name, knownFile]) {
    if (each !== undefined && !group.names.some((known) => known.written === each.written)) group.names.push(each)
  }
  if (mention.title !== undefined) group.titles.add(mention.title)
  for (const hash of mention.hashes ?? []) {
    if (!group.hashes.has(hashKey(hash))) group.hashes.set(hashKey(hash), hash)
    group.digits.add(digitsOf(hash))
  }
  group.mentions.push(mention)
  return group
}

/**
 * Whether the executed graph speaks against it: it is in the editor's state only, or a saver claims a main
 * model that is not the graph's. Other claims stand, since a graph may load them where we cannot see it.
 */
function isUnused(group: Group, groups: readonly Group[]): boolean {
  const trust = Math.max(...group.mentions.map((mention) => mention.trust ?? TRUST.native))
  if (trust > TRUST.editor) return false
  const executed = groups.filter((other) => other.mentions.some((mention) => mention.trust === TRUST.executed))
  if (trust === TRUST.editor) return executed.length > 0
  return isMainModel(group) && executed.some(isMainModel)
}

const isMainModel = ({ type }: Group): boolean => type === 'checkpoint' || type === 'diffusion_model'

/** Kinds of which one file has exactly one value; twelve digits may be of two kinds. */
const SINGLE_VALUED = new Set(['sha256', 'tensor_sha256', 'blake3', 'auto_v2'])

function hashConflicts(group: Group): ImportWarning[] {
  const seen = new Map<string, HashEvidence>()
  const warnings: ImportWarning[] = []
  for (const hash of group.hashes.values()) {
    if (!SINGLE_VALUED.has(hash.algorithm)) continue
    const other = seen.get(hash.algorithm)
    if (other === undefined) seen.set(hash.algorithm, hash)
    else warnings.push({ place: hash.source, reason: `its hash contradicts the one of ${other.source}` })
  }
  return warnings
}
