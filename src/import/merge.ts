import { buildDependency } from './build-dependency.ts'
import {
  type ExecutedGraph,
  isDoubtful,
  isExecuted,
  pairBySpelling,
  reasonUnused,
  type UnknownNodes,
} from './claims.ts'
import { contradictionsOf } from './contradictions.ts'
import type { Dependency, ImportWarning } from './dependency.ts'
import { findGroup } from './find-group.ts'
import { TRUST, type TrustedMention } from './mention.ts'
import { emptyGroup, type Group, type Item, join, toItem, weightOf } from './model-group.ts'
import { warnOfWeights } from './several-weights.ts'
import { writtenFileOf } from './version-file.ts'

export interface Merged {
  readonly dependencies: readonly Dependency[]
  /** What contradicts itself, and what was told with doubt. */
  readonly warnings: readonly ImportWarning[]
}

/**
 * One dependency for each model: mentions of one type are one model when they share a name, a hash or a
 * Civitai version. Evidence is united, the first weight counts, and one active mention makes it active.
 * Order is that of the first mention, so put the most trusted source first. `graph` is what is known of the executed
 * graph among the sources, `unknown` what can be said of the rest of it.
 */
export function mergeMentions(
  mentions: readonly TrustedMention[],
  graph = graphIn(mentions),
  unknown: readonly UnknownNodes[] = [],
): Merged {
  const { found, ambiguous } = groupMentions(mentions)
  const byWeight = joinPairs(found, pairByWeight(found), PAIRED)
  const bySpelling = joinPairs(byWeight.groups, pairBySpelling(byWeight.groups), SPELLED, nameless)
  const { groups } = bySpelling
  const executed = groups.filter(isExecuted)
  for (const group of groups) {
    group.unused = reasonUnused(group, executed, graph, unknown)
    group.isDoubtful = isDoubtful(group, graph)
  }
  const paired = [...byWeight.warnings, ...bySpelling.warnings]
  const doubts = [...ambiguous].map((place) => ({ place, reason: AMBIGUOUS }))
  return {
    dependencies: withOwnReferences(groups, groups.map(buildDependency)),
    warnings: [...groups.flatMap(contradictionsOf), ...groups.flatMap(warnOfUsedWeights), ...paired, ...doubts],
  }
}

const graphIn = (mentions: readonly TrustedMention[]): ExecutedGraph | undefined =>
  mentions.some(({ trust }) => trust === TRUST.executed) ? 'partly' : undefined

/** Several files of one version are told apart by what names each of them. */
function withOwnReferences(groups: readonly Group[], dependencies: readonly Dependency[]): readonly Dependency[] {
  const counts = new Map<string, number>()
  for (const { reference } of dependencies) counts.set(reference, (counts.get(reference) ?? 0) + 1)
  return dependencies.map((dependency, at) => {
    const { reference, sha256, civitai } = dependency
    if (counts.get(reference) === 1 || sha256 !== undefined || civitai?.version_id === undefined) return dependency
    const written = writtenFileOf(groups[at]?.mentions ?? [])
    return written === undefined ? dependency : { ...dependency, reference: written }
  })
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

function joinAll(group: Group, other: Group, read = toItem): void {
  for (const mention of other.mentions) join(group, read(mention))
}

type Pair = readonly [kept: Group, joined: Group]

function joinPairs(
  all: readonly Group[],
  pairs: readonly Pair[],
  reason: string,
  read = toItem,
): { groups: readonly Group[]; warnings: readonly ImportWarning[] } {
  for (const [kept, other] of pairs) joinAll(kept, other, read)
  const joined = new Set(pairs.map(([, other]) => other))
  return {
    groups: joined.size === 0 ? all : all.filter((group) => !joined.has(group)),
    warnings: pairs.map(([, other]) => ({ place: other.mentions[0]?.evidence[0] ?? '', reason })),
  }
}

/** No file is called as a saver spells it: it is neither looked for nor brought to that name. */
const nameless = ({ name: _, knownFile: __, ...mention }: TrustedMention): Item => toItem(mention)

const SPELLED =
  'it is spelled otherwise there: it was taken for the model of the executed graph that differs in no letter'
const PAIRED = 'it gives no file name: which LoRA of the prompt it is was told by its weight'

/** Lists in which Civitai writes down once more, by their numbers, the models that the prompt names. */
const RESOURCES = /^(?:infotext:Civitai (?:resources|metadata)|civitai:meta\.civitaiResources)\b/

const isResource = ({ evidence: [place] }: TrustedMention): boolean => RESOURCES.test(place)

const isOfResources = ({ mentions }: Group): boolean => mentions.every(isResource)

/**
 * Resources of Civitai that name no file, each with the LoRA of the prompt that it must be: there are as many of one as
 * of the other, their weights are the same in order, and no two weights are alike. Else nobody can tell.
 */
function pairByWeight(groups: readonly Group[]): Pair[] {
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
