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
  isDoubtful: boolean
}

export const emptyGroup = (type: DependencyType): Group => ({
  type,
  names: [],
  titles: new Set(),
  hashes: new Map(),
  digits: new Set(),
  mentions: [],
  unused: undefined,
  isDoubtful: false,
})

const hashKey = (hash: HashEvidence): string => `${hash.algorithm} ${hash.value}`

/** The same for a hash and its shorter forms. Eight digits are too few to stand for other kinds. */
export const digitsOf = (hash: HashEvidence): string =>
  hash.value.length < 10 ? hashKey(hash) : hash.value.slice(0, 10)

export function join(group: Group, { mention, name }: Item): Group {
  const knowsBetter = mention.guessed !== true && mention.type !== 'other' && isGuess(group)
  if (knowsBetter || group.type === 'other' || (group.type === 'checkpoint' && mention.type === 'diffusion_model')) {
    group.type = mention.type
  }
  if (name !== undefined) addName(group, name)
  if (mention.knownFile !== undefined) addName(group, parseModelName(mention.knownFile))
  if (mention.title !== undefined) group.titles.add(mention.title)
  for (const hash of mention.hashes ?? []) {
    if (!group.hashes.has(hashKey(hash))) group.hashes.set(hashKey(hash), hash)
    group.digits.add(digitsOf(hash))
  }
  group.mentions.push(mention)
  return group
}

const isGuess = ({ mentions }: Group): boolean =>
  mentions.length > 0 && mentions.every(({ guessed }) => guessed === true)

function addName({ names }: Group, name: ModelName): void {
  if (!names.some((known) => known.written === name.written)) names.push(name)
}

/** The first weight that a mention says. */
export const weightOf = ({ mentions }: Group): number | undefined =>
  mentions.find(({ weight }) => weight !== undefined)?.weight
