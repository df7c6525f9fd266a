import type { Candidate, CivitaiIds, Dependency, DependencyType, HashEvidence } from './dependency.ts'
import { type Mention, TRUST } from './mention.ts'
import type { ModelName } from './model-name.ts'
import { civitaiOfAir } from './reference.ts'

/** All that the sources say of one model. */
export interface MentionGroup {
  readonly type: DependencyType
  readonly names: readonly ModelName[]
  readonly titles: ReadonlySet<string>
  readonly hashes: ReadonlyMap<string, HashEvidence>
  /** The executed graph is there and contradicts all who speak of it: how, as a sentence. */
  readonly unused: string | undefined
  /** At least one. */
  readonly mentions: readonly Mention[]
}

const SWITCHED_OFF = 'It is switched off or has weight 0'

/** A dependency that nobody has looked for yet: `pending`, or `skipped` with the reason. */
export function buildDependency(group: MentionGroup): Dependency {
  const { mentions } = group
  const votes = mostTrusted(mentions.filter((mention) => mention.active !== undefined))
  const active = group.unused === undefined && (votes.length === 0 || votes.some((mention) => mention.active === true))
  const counted = active ? mentions.filter((mention) => mention.active !== false) : mentions
  const weight = firstOf(counted, (mention) => mention.weight)
  const folder = firstOf(counted, (mention) => mention.folder)
  // Who says that it is in use, and nothing else, knows better than a place that does not need it.
  const isUsed = votes.some((mention) => mention.active === true && mention.skip === undefined)
  const skip = isUsed ? undefined : firstOf(mentions, (mention) => mention.skip)
  const reason = skip ?? group.unused ?? (active ? null : SWITCHED_OFF)
  return {
    type: group.type,
    type_confidence: mentions.every((mention) => mention.guessed === true) ? 'low' : 'high',
    ...identity(group),
    urls: [...new Set(mentions.flatMap((mention) => mention.urls ?? []))],
    ...(folder === undefined ? {} : { folder }),
    ...(weight === undefined ? {} : { weight }),
    active,
    optional: mentions.every((mention) => mention.optional === true),
    evidence: [...new Set(mentions.flatMap((mention) => mention.evidence))],
    status: reason === null ? 'pending' : 'skipped',
    candidates: unitedCandidates(mentions),
    reason_code: null,
    reason,
    bytes_done: 0,
    bytes_total: 0,
  }
}

/** The executed graph knows what was on and off; the editor's state may have changed since. */
function mostTrusted(mentions: readonly Mention[]): readonly Mention[] {
  const trust = ({ trust = TRUST.native }: Mention): number => trust
  const most = Math.max(...mentions.map(trust))
  return mentions.filter((mention) => trust(mention) === most)
}

type Identity = Pick<
  Dependency,
  'reference' | 'filename' | 'name' | 'written' | 'sha256' | 'hashes' | 'civitai' | 'air'
>

function identity(group: MentionGroup): Identity {
  const hashes = [...group.hashes.values()]
  const sha256 = hashes.find((hash) => hash.algorithm === 'sha256')?.value
  const civitai = unitedIds(group.mentions)
  const air = firstOf(group.mentions, (mention) => mention.air)
  const title = [...group.titles][0]
  const name = group.names[0]?.stem ?? title
  const filename = firstOf(group.names, (each) => each.filename)
  return {
    reference: sha256 === undefined ? (versionReference(civitai) ?? air ?? asWritten(group)) : `sha256:${sha256}`,
    ...(filename === undefined ? {} : { filename }),
    ...(name === undefined ? {} : { name }),
    written: group.names.map((each) => each.written),
    ...(sha256 === undefined ? {} : { sha256 }),
    hashes,
    ...(civitai === undefined ? {} : { civitai }),
    ...(air === undefined ? {} : { air }),
  }
}

const versionReference = (ids: CivitaiIds | undefined): string | undefined =>
  ids?.version_id === undefined ? undefined : `civitai:version:${ids.version_id}`

/** For what has neither a full hash nor an id: the name, else whatever else there is to tell it by. */
function asWritten(group: MentionGroup): string {
  const hash = [...group.hashes.values()][0]
  const name = group.names[0]?.written ?? [...group.titles][0]
  if (name !== undefined) return name
  if (hash !== undefined) return `${hash.algorithm}:${hash.value}`
  const model = firstOf(group.mentions, (mention) => mention.civitai?.model_id)
  const url = firstOf(group.mentions, (mention) => mention.urls?.[0])
  return url ?? (model === undefined ? '' : `civitai:model:${model}`)
}

/** An AIR often stands beside a version's number alone: the model's number is in it. */
function unitedIds(mentions: readonly Mention[]): CivitaiIds | undefined {
  const version = firstOf(mentions, (mention) => mention.civitai?.version_id)
  const inAir = (mention: Mention): number | undefined => {
    const ids = mention.air === undefined ? undefined : civitaiOfAir(mention.air)
    return ids?.version_id === version ? ids?.model_id : undefined
  }
  const model = firstOf(mentions, (mention) => mention.civitai?.model_id) ?? firstOf(mentions, inAir)
  if (model === undefined && version === undefined) return undefined
  return {
    ...(model === undefined ? {} : { model_id: model }),
    ...(version === undefined ? {} : { version_id: version }),
  }
}

/** Each address once. */
const unitedCandidates = (mentions: readonly Mention[]): Candidate[] => [
  ...new Map(
    mentions.flatMap(({ candidates = [] }) => candidates).map((each) => [each.url ?? each.name, each]),
  ).values(),
]

function firstOf<T, R>(items: readonly T[], pick: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = pick(item)
    if (found !== undefined) return found
  }
  return undefined
}
