import { type Mention, TRUST, type TrustedMention } from './mention.ts'
import { digitsOf, type Group, type Item, weightOf } from './model-group.ts'
import { foldedStem, looseName, type ModelName, mayBeSameFile, parseModelName } from './model-name.ts'
import { areOtherFiles } from './version-file.ts'

/** Where a mention belongs. */
export type Place =
  /** `same` are others that it shows to be the same model: each of them lacked what the other had. */
  | { readonly group: Group | undefined; readonly same: readonly Group[] }
  /** Its name is that of several files, and nothing tells which one it means. */
  | 'ambiguous'

export function findGroup(found: readonly Group[], item: Item): Place {
  const matches: Group[] = []
  for (const group of found) if (isSameType(group, item.mention) && isSameModel(group, item)) matches.push(group)
  if (matches.length < 2) return { group: matches[0], same: [] }
  const named = matches.filter(({ names }) => names.length > 0)
  const group = item.name === undefined ? named[0] : chooseByName(named, item.name, item)
  if (group === 'ambiguous') return group
  const chosen = group ?? matches[0]
  return { group: chosen, same: matches.filter((other) => other !== chosen && isNamelessSame(chosen, other)) }
}

/**
 * Infotext says `Model` for both kinds of main model, a Forge module may be a VAE or a text encoder, and a type that was
 * only guessed gives way to one that is known.
 */
function isSameType(group: Group, mention: Mention): boolean {
  const a = group.type
  const b = mention.type
  if (a === b || a === 'other' || b === 'other') return true
  if (mention.guessed === true || group.mentions.every(({ guessed }) => guessed === true)) return true
  return (a === 'checkpoint' && b === 'diffusion_model') || (a === 'diffusion_model' && b === 'checkpoint')
}

function isSameModel(group: Group, item: Item): boolean {
  const { mention, name } = item
  if (name === undefined) return hasSameNumber(group, mention) || hasSameTitle(group, item)
  const isNamed = hasName(group, name) || mayHaveName(group, name, mention)
  if (isNamed && !hasOtherExtension(group, name)) return true
  // Within one source two names are two files to load, even when their bytes are the same.
  return (
    hasSameNumber(group, mention) && (isNamed || !group.mentions.some((other) => namedBySameSource(other, mention)))
  )
}

const hasName = ({ names }: Group, { key }: ModelName): boolean =>
  key !== '' && names.some((known) => known.key === key)

/** One name is the end of another, and no third one says that they are in different folders. */
function mayHaveName({ names, mentions }: Group, name: ModelName, mention: TrustedMention): boolean {
  if (!names.some((known) => mayBeSameFile(known, name))) return false
  return (
    names.every((known) => !hasSameStem(known, name) || mayBeSameFile(known, name)) &&
    !mentions.some((other) => isOtherFileOfGraph(other, mention))
  )
}

/** `mix.safetensors` is not the `mix.ckpt` beside it. What has no extension may be either. */
const hasOtherExtension = (group: Group, { extension }: ModelName): boolean =>
  extension !== '' && !hasExtension(group, extension) && group.names.some((known) => known.extension !== '')

const hasExtension = ({ names }: Group, extension: string): boolean =>
  names.some((known) => known.extension === extension)

const hasSameStem = (a: ModelName, b: ModelName): boolean => foldedStem(a) === foldedStem(b)

/** Loaders of one graph name their files whole: `foo.safetensors` is not the `style/foo.safetensors` beside it. */
function isOtherFileOfGraph(a: TrustedMention, b: TrustedMention): boolean {
  if (a.trust !== b.trust || (a.trust !== TRUST.executed && a.trust !== TRUST.editor)) return false
  if (a.name === undefined || b.name === undefined || sourceOf(a) !== sourceOf(b)) return false
  const [one, other] = [parseModelName(a.name), parseModelName(b.name)]
  return one.filename !== undefined && other.filename !== undefined && one.key !== other.key
}

const namedBySameSource = (a: Mention, b: Mention): boolean =>
  a.name !== undefined && b.name !== undefined && sourceOf(a) === sourceOf(b)

const sourceOf = ({ evidence: [place] }: Mention): string => place.slice(0, place.indexOf(':'))

/** A version, an AIR or a hash. */
function hasSameNumber({ mentions, digits }: Group, mention: Mention): boolean {
  const version = mention.civitai?.version_id
  const isOfVersion = version !== undefined && mentions.some((other) => other.civitai?.version_id === version)
  if (isOfVersion && !isOtherFile(mentions, mention)) return true
  const air = mention.air?.toLowerCase()
  if (air !== undefined && mentions.some((other) => other.air?.toLowerCase() === air)) return true
  return mention.hashes?.some((hash) => digits.has(digitsOf(hash))) === true
}

/** Of one version. */
const isOtherFile = (mentions: readonly Mention[], mention: Mention): boolean =>
  mentions.some((other) => areOtherFiles(other, mention))

function hasSameTitle(group: Group, { mention, looseTitle }: Item): boolean {
  if (looseTitle === '' || hasOtherVersion(group, mention.civitai?.version_id)) return false
  return group.titles.has(mention.title ?? '') || group.names.some(({ stem }) => looseName(stem) === looseTitle)
}

const hasOtherVersion = ({ mentions }: Group, version: number | undefined): boolean =>
  version !== undefined && mentions.some(({ civitai }) => (civitai?.version_id ?? version) !== version)

/** The whole name before the end of one, and of several that it may be of the one with the same number or weight. */
function chooseByName(groups: readonly Group[], name: ModelName, { mention }: Item): Group | undefined | 'ambiguous' {
  const exact = groups.filter((group) => hasName(group, name))
  const same = exact.find((group) => hasExtension(group, name.extension)) ?? exact[0]
  const isOfSeveral = name.extension === '' && exact.length > 1 && exact.every(({ type }) => type === same?.type)
  if (same !== undefined && !isOfSeveral) return same
  const perhaps = isOfSeveral ? exact : groups.filter((group) => mayHaveName(group, name, mention))
  if (perhaps.length < 2) return perhaps[0] ?? groups[0]
  const { weight } = mention
  const byNumber = perhaps.filter((group) => hasSameNumber(group, mention))
  const byWeight = weight === undefined ? [] : perhaps.filter((group) => weightOf(group) === weight)
  const [only] = [byNumber, byWeight].filter(({ length }) => length === 1)
  return only?.[0] ?? 'ambiguous'
}

/** Without a name nothing of it stands against the other but a version. */
function isNamelessSame(group: Group | undefined, { names, mentions }: Group): boolean {
  if (group === undefined || names.length > 0) return false
  return mentions.every(
    (mention) => !hasOtherVersion(group, mention.civitai?.version_id) && !isOtherFile(group.mentions, mention),
  )
}
