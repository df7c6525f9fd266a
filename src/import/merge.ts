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
  const found: Group[] = []
  for (const mention of mentions) {
    const item = toItem(mention)
    const group = found.find((known) => sameType(known, mention) && isSameModel(known, item))
    if (group === undefined) found.push(join(emptyGroup(mention.type), item))
    else join(group, item)
  }
  const pairs = pairByWeight(found)
  for (const [named, resource] of pairs) for (const mention of resource.mentions) join(named, toItem(mention))
  const joined = new Set(pairs.map(([, resource]) => resource))
  const groups = found.filter((group) => !joined.has(group))
  for (const group of groups) group.unused = reasonUnused(group, groups)
  const paired = pairs.map(([, resource]) => ({ place: resource.mentions[0]?.evidence[0] ?? '', reason: PAIRED }))
  return { dependencies: groups.map(buildDependency), warnings: [...groups.flatMap(hashConflicts), ...paired] }
}

interface Item {
  readonly mention: TrustedMention
  readonly name: ModelName | undefined
  readonly looseTitle: string
}

const toItem = (mention: TrustedMention): Item => ({
  mention,
  name: mention.name === undefined ? undefined : parseModelName(mention.name),
  looseTitle: mention.title === undefined ? '' : looseName(mention.title),
})

interface Group {
  type: DependencyType
  readonly names: ModelName[]
  readonly titles: Set<string>
  readonly hashes: Map<string, HashEvidence>
  readonly digits: Set<string>
  readonly mentions: TrustedMention[]
  unused: string | undefined
}

const emptyGroup = (type: DependencyType): Group => ({
  type,
  names: [],
  titles: new Set(),
  hashes: new Map(),
  digits: new Set(),
  mentions: [],
  unused: undefined,
})

/**
 * Infotext says `Model` for both kinds of main model, a Forge module may be a VAE or a text encoder, and a type that was
 * only guessed gives way to one that is known.
 */
function sameType(group: Group, mention: Mention): boolean {
  const [a, b] = [group.type, mention.type]
  if (a === b || a === 'other' || b === 'other') return true
  if (mention.guessed === true || group.mentions.every(({ guessed }) => guessed === true)) return true
  return (a === 'checkpoint' && b === 'diffusion_model') || (a === 'diffusion_model' && b === 'checkpoint')
}

function isSameModel(group: Group, { mention, name, looseTitle }: Item): boolean {
  if (name !== undefined && group.names.some((known) => mayBeSameFile(known, name))) return true
  // Within one source two names are two files to load, even when their bytes are the same.
  if (name !== undefined && group.mentions.some((other) => namedBySameSource(other, mention))) return false
  const version = mention.civitai?.version_id
  if (version !== undefined && group.mentions.some((other) => other.civitai?.version_id === version)) return true
  const air = mention.air?.toLowerCase()
  if (air !== undefined && group.mentions.some((other) => other.air?.toLowerCase() === air)) return true
  if (mention.hashes?.some((hash) => group.digits.has(digitsOf(hash))) === true) return true
  if (name !== undefined || looseTitle === '' || hasOtherVersion(group, version)) return false
  return group.titles.has(mention.title ?? '') || group.names.some(({ stem }) => looseName(stem) === looseTitle)
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
  const isGuess = group.mentions.length > 0 && group.mentions.every(({ guessed }) => guessed === true)
  const knowsBetter = isGuess && mention.guessed !== true && mention.type !== 'other'
  if (knowsBetter || group.type === 'other' || (group.type === 'checkpoint' && mention.type === 'diffusion_model')) {
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

const PAIRED = 'it gives no file name: which LoRA of the prompt it is was told by its weight'

/**
 * Resources of Civitai that name no file, each with the LoRA of the prompt that it must be: there are as many of one as
 * of the other, their weights are the same in order, and no two weights are alike. Else nobody can tell.
 */
function pairByWeight(groups: readonly Group[]): (readonly [named: Group, resource: Group])[] {
  const loras = groups.filter(({ type }) => type === 'lora')
  const hasVersion = ({ mentions }: Group): boolean => mentions.some(({ civitai }) => civitai?.version_id !== undefined)
  const named = loras.filter((group) => group.names.length > 0 && !hasVersion(group))
  const resources = loras.filter((group) => group.names.length === 0 && hasVersion(group))
  if (resources.length === 0 || named.length !== resources.length) return []
  const weightOf = ({ mentions }: Group): number | undefined =>
    mentions.find(({ weight }) => weight !== undefined)?.weight
  const weights = named.map(weightOf)
  const same = resources.every((resource, at) => weights[at] !== undefined && weightOf(resource) === weights[at])
  if (!same || new Set(weights).size < weights.length) return []
  return named.flatMap((group, at) => {
    const resource = resources[at]
    return resource === undefined ? [] : [[group, resource] as const]
  })
}

const EDITOR_ONLY = 'The graph that was executed does not use it: it stands in the editor’s workflow only'
const CONTRADICTED = 'A program that saved the picture names it, but the graph that was executed loads another one'

/**
 * Why the executed graph speaks against it: it is in the editor's state only, or a saver claims a main model that is
 * not the graph's. Other claims stand, since a graph may load them where we cannot see it.
 */
function reasonUnused(group: Group, groups: readonly Group[]): string | undefined {
  const trust = Math.max(...group.mentions.map((mention) => mention.trust ?? TRUST.native))
  if (trust > TRUST.editor) return undefined
  const executed = groups.filter((other) => other.mentions.some((mention) => mention.trust === TRUST.executed))
  if (trust === TRUST.editor) return executed.length > 0 ? EDITOR_ONLY : undefined
  return isMainModel(group) && executed.some(isMainModel) ? CONTRADICTED : undefined
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
