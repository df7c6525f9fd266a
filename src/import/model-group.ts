import type { DependencyType, HashEvidence } from './dependency.ts'
import type { TrustedMention } from './mention.ts'
import { looseName, type ModelName, parseModelName } from './model-name.ts'

/** A mention, read for comparing. */
export interface Item {
  readonly mention: TrustedMention
  readonly name: ModelName | undefined
  readonly looseTitle: string
}

export const toItem = (mention: TrustedMention): Item => ({
  mention,
  name: mention.name === undefined ? undefined : parseModelName(mention.name),
  looseTitle: mention.title === undefined ? '' : looseName(mention.title),
})

/** Mentions that are taken for one model. */
export interface Group {
  type: DependencyType
  readonly names: ModelName[]
  readonly titles: Set<string>
  readonly hashes: Map<string, HashEvidence>
  /** Of all hashes what they have in common with their shorter forms. */
  readonly digits: Set<string>
  readonly mentions: TrustedMention[]
  unused: string | undefined
}

export const emptyGroup = (type: DependencyType): Group => ({
  type,
  names: [],
  titles: new Set(),
  hashes: new Map(),
  digits: new Set(),
  mentions: [],
  unused: undefined,
})

const hashKey = (hash: HashEvidence): string => `${hash.algorithm} ${hash.value}`

/** The same for a hash and its shorter forms. Eight digits are too few to stand for other kinds. */
export const digitsOf = (hash: HashEvidence): string =>
  hash.value.length < 10 ? hashKey(hash) : hash.value.slice(0, 10)

export function join(group: Group, { mention, name }: Item): Group {
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

/** The first weight that a mention says. */
export const weightOf = ({ mentions }: Group): number | undefined =>
  mentions.find(({ weight }) => weight !== undefined)?.weight
