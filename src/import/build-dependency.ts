import type { Candidate, Dependency, DependencyType } from './dependency.ts'
import { type Mention, TRUST } from './mention.ts'
import { firstOf, type IdentityGroup, identity } from './model-identity.ts'
import { severalWeights, withWeight } from './several-weights.ts'

/** All that the sources say of one model. */
export interface MentionGroup extends IdentityGroup {
  readonly type: DependencyType
  /** The executed graph is there and contradicts all who speak of it: how, as a sentence. */
  readonly unused: string | undefined
  /** Only savers say it, and the executed graph is not understood well enough to contradict them. */
  readonly isDoubtful: boolean
}

const SWITCHED_OFF = 'It is switched off or has weight 0'

/** A dependency that nobody has looked for yet: `pending`, or `skipped` with the reason. */
export function buildDependency(group: MentionGroup): Dependency {
  const { mentions } = group
  const vote = voteOf(mentions)
  const active = group.unused === undefined && vote.active
  const counted = active ? mentions.filter((mention) => mention.active !== false) : mentions
  const folder = firstOf(counted, 'folder')
  const skip = vote.isUsed ? undefined : firstOf(mentions, 'skip')
  const reason = skip ?? group.unused ?? (active ? null : SWITCHED_OFF)
  return {
    type: group.type,
    type_confidence: mentions.every((mention) => mention.guessed === true) ? 'low' : 'high',
    ...identity(group),
    urls: unionOf(mentions, 'urls'),
    ...(folder === undefined ? {} : { folder }),
    ...weightsOf(counted),
    active,
    optional: mentions.every((mention) => mention.optional === true),
    evidence: group.isDoubtful ? evidenceOf(mentions, active).map(withDoubt) : evidenceOf(mentions, active),
    status: reason === null ? 'pending' : 'skipped',
    candidates: unitedCandidates(mentions),
    reason_code: null,
    reason,
    bytes_done: 0,
    bytes_total: 0,
  }
}

/** Those of one place: two parts of different places belong to two uses. */
function weightsOf(mentions: readonly Mention[]): Pick<Dependency, 'weight' | 'unet_weight' | 'clip_weight'> {
  const { weight, unetWeight, clipWeight } = mentions.find((mention) => mention.weight !== undefined) ?? {}
  return {
    ...(weight === undefined ? {} : { weight }),
    ...(unetWeight === undefined ? {} : { unet_weight: unetWeight }),
    ...(clipWeight === undefined ? {} : { clip_weight: clipWeight }),
  }
}

interface Vote {
  readonly active: boolean
  /** Somebody says that it is in use, and nothing else: who does knows better than a place that does not need it. */
  readonly isUsed: boolean
}

/** Of the most trusted that say so: the executed graph knows what was on and off; the editor's state may have changed since. */
function voteOf(mentions: readonly Mention[]): Vote {
  let most: number | undefined
  let active = false
  let isUsed = false
  for (const mention of mentions) {
    if (mention.active === undefined) continue
    const trust = mention.trust ?? TRUST.native
    if (most !== undefined && trust < most) continue
    if (trust !== most) active = isUsed = false
    most = trust
    if (!mention.active) continue
    active = true
    if (mention.skip === undefined) isUsed = true
  }
  return { active: most === undefined || active, isUsed }
}

/** Each address once. */
function unitedCandidates(mentions: readonly Mention[]): Candidate[] {
  const united = new Map<string | undefined, Candidate>()
  for (const { candidates = [] } of mentions) for (const each of candidates) united.set(each.url ?? each.name, each)
  return [...united.values()]
}

function unionOf(mentions: readonly Mention[], field: 'urls' | 'evidence'): string[] {
  const united = new Set<string>()
  for (const mention of mentions) for (const text of mention[field] ?? []) united.add(text)
  return [...united]
}

const withDoubt = (place: string): string => `${place} (only claimed: not all of the executed graph is known)`

/** What is used with several weights says at each place with which. */
function evidenceOf(mentions: readonly Mention[], active: boolean): string[] {
  const uses = severalWeights(active ? mentions : [])
  if (uses.size === 0) return unionOf(mentions, 'evidence')
  return [...new Set(mentions.flatMap((each) => (uses.has(each) ? withWeight(each) : each.evidence)))]
}
