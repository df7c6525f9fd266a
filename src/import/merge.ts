import { buildDependency } from './build-dependency.ts'
import { contradictionsOf } from './contradictions.ts'
import type { Dependency, ImportWarning } from './dependency.ts'
import { findGroup } from './find-group.ts'
import { TRUST, type TrustedMention } from './mention.ts'
import { emptyGroup, type Group, join, toItem, weightOf } from './model-group.ts'
import { foldedStem, type ModelName } from './model-name.ts'
import { warnOfWeights } from './several-weights.ts'

export interface Merged {
  readonly dependencies: readonly Dependency[]
  /** What contradicts itself, and what was told with doubt. */
  readonly warnings: readonly ImportWarning[]
}

/**
 * One dependency for each model: mentions of one type are one model when they share a name, a hash or a
 * Civitai version. Evidence is united, the first weight counts, and one active mention makes it active.
 * Order is that of the first mention, so put the most trusted source first.
 */
export function mergeMentions(mentions: readonly TrustedMention[]): Merged {
  const { found, ambiguous } = groupMentions(mentions)
  const pairs = pairByWeight(found)
  for (const [named, resource] of pairs) joinAll(named, resource)
  const joined = new Set(pairs.map(([, resource]) => resource))
  const groups = joined.size === 0 ? found : found.filter((group) => !joined.has(group))
  for (const group of groups) group.unused = reasonUnused(group, groups)
  const paired = pairs.map(([, resource]) => ({ place: resource.mentions[0]?.evidence[0] ?? '', reason: PAIRED }))
  const doubts = [...ambiguous].map((place) => ({ place, reason: AMBIGUOUS }))
  return {
    dependencies: groups.map(buildDependency),
    warnings: [...groups.flatMap(contradictionsOf), ...groups.flatMap(warnOfUsedWeights), ...paired, ...doubts],
  }
}

const warnOfUsedWeights = ({ unused, mentions }: Group): ImportWarning[] =>
  unused === undefined ? warnOfWeights(mentions) : []

const AMBIGUOUS =
  'several files have this name, in other folders or with other extensions, and nothing tells which one it means'

interface Grouped {
  readonly found: readonly Group[]
  /** Places of mentions that may be of several of them. */
  readonly ambiguous: ReadonlySet<string>
}

function groupMentions(mentions: readonly TrustedMention[]): Grouped {
  const found: Group[] = []
  const ambiguous = new Set<string>()
  for (const mention of mentions) {
    const item = toItem(mention)
    const place = findGroup(found, item)
    if (place === 'ambiguous') {
      ambiguous.add(mention.evidence[0])
      continue
    }
    const { group = emptyGroup(mention.type), same } = place
    for (const other of same) {
      joinAll(group, other)
      found.splice(found.indexOf(other), 1)
    }
    if (place.group === undefined) found.push(group)
    join(group, item)
  }
  return { found, ambiguous }
}

function joinAll(group: Group, other: Group): void {
  for (const mention of other.mentions) join(group, toItem(mention))
}

const PAIRED = 'it gives no file name: which LoRA of the prompt it is was told by its weight'

/** Lists in which Civitai writes down once more, by their numbers, the models that the prompt names. */
const RESOURCES = /^(?:infotext:Civitai (?:resources|metadata)|civitai:meta\.civitaiResources)\b/

const isResource = ({ evidence: [place] }: TrustedMention): boolean => RESOURCES.test(place)

const isOfResources = ({ mentions }: Group): boolean => mentions.every(isResource)

/**
 * Resources of Civitai that name no file, each with the LoRA of the prompt that it must be: there are as many of one as
 * of the other, their weights are the same in order, and no two weights are alike. Else nobody can tell.
 */
function pairByWeight(groups: readonly Group[]): (readonly [named: Group, resource: Group])[] {
  const loras = groups.filter(({ type }) => type === 'lora')
  const hasVersion = ({ mentions }: Group): boolean => mentions.some(({ civitai }) => civitai?.version_id !== undefined)
  const resources = loras.filter((group) => group.names.length === 0 && hasVersion(group) && isOfResources(group))
  if (resources.length === 0) return []
  const named = loras.filter((group) => group.names.length > 0 && !hasVersion(group))
  // A list that also names files tells its own entries apart.
  if (named.some(({ mentions }) => mentions.some(isResource))) return []
  if (named.length !== resources.length) return []
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
const SPELLED = 'A program that saved the picture spells it so: it is taken for the model that the executed graph loads'

/**
 * Why the executed graph speaks against it: it is in the editor's state only, or a saver claims a main model that is
 * not the graph's. Other claims stand, since a graph may load them where we cannot see it.
 */
function reasonUnused(group: Group, groups: readonly Group[]): string | undefined {
  const trust = Math.max(...group.mentions.map((mention) => mention.trust ?? TRUST.native))
  if (trust > TRUST.editor) return undefined
  const executed = groups.filter((other) => other.mentions.some((mention) => mention.trust === TRUST.executed))
  if (trust === TRUST.editor) return executed.length > 0 ? EDITOR_ONLY : undefined
  const mainModels = isMainModel(group) ? executed.filter(isMainModel) : []
  if (mainModels.length === 0) return undefined
  return mainModels.some((other) => isSpelledAlike(group, other)) ? SPELLED : CONTRADICTED
}

/** Too little to take two names for one model, and enough not to say that one contradicts the other. */
function isSpelledAlike(a: Group, b: Group): boolean {
  const spellings = new Set(a.names.map(plainStem))
  return b.names.some((name) => plainStem(name) !== '' && spellings.has(plainStem(name)))
}

const plainStem = (name: ModelName): string => foldedStem(name).replace(/[\s_.-]+/g, '')

const isMainModel = ({ type }: Group): boolean => type === 'checkpoint' || type === 'diffusion_model'
