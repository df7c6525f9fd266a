import type { CivitaiIds, Dependency, HashEvidence } from './dependency.ts'
import type { Mention } from './mention.ts'
import type { ModelName } from './model-name.ts'
import { civitaiOfAir } from './reference.ts'

/** What the sources say of one model, as far as it tells which one it is. */
export interface IdentityGroup {
  readonly names: readonly ModelName[]
  readonly titles: ReadonlySet<string>
  readonly hashes: ReadonlyMap<string, HashEvidence>
  /** At least one. */
  readonly mentions: readonly Mention[]
}

type Identity = Pick<
  Dependency,
  'reference' | 'filename' | 'name' | 'written' | 'sha256' | 'hashes' | 'civitai' | 'air'
>

/** What a model is called, and what else it can be told by. */
export function identity(group: IdentityGroup): Identity {
  const hashes = [...group.hashes.values()]
  const sha256 = hashes.find((hash) => hash.algorithm === 'sha256')?.value
  const civitai = unitedIds(group.mentions)
  const air = firstOf(group.mentions, 'air')
  const [title] = group.titles
  const name = group.names[0]?.stem ?? title
  const filename = firstOf(group.names, 'filename')
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
function asWritten({ names, titles, hashes, mentions }: IdentityGroup): string {
  const [title] = titles
  const name = names[0]?.written ?? title
  if (name !== undefined) return name
  const [hash] = hashes.values()
  if (hash !== undefined) return `${hash.algorithm}:${hash.value}`
  const url = mentions.find(({ urls = [] }) => urls.length > 0)?.urls?.[0]
  const model = mentions.find(({ civitai }) => civitai?.model_id !== undefined)?.civitai?.model_id
  return url ?? (model === undefined ? '' : `civitai:model:${model}`)
}

function unitedIds(mentions: readonly Mention[]): CivitaiIds | undefined {
  let model: number | undefined
  let version: number | undefined
  for (const { civitai } of mentions) {
    model ??= civitai?.model_id
    version ??= civitai?.version_id
  }
  model ??= modelInAir(mentions, version)
  if (model === undefined && version === undefined) return undefined
  return {
    ...(model === undefined ? {} : { model_id: model }),
    ...(version === undefined ? {} : { version_id: version }),
  }
}

/** An AIR often stands beside a version's number alone: the model's number is in it. */
function modelInAir(mentions: readonly Mention[], version: number | undefined): number | undefined {
  for (const { air } of mentions) {
    const ids = air === undefined ? undefined : civitaiOfAir(air)
    if (ids?.model_id !== undefined && ids.version_id === version) return ids.model_id
  }
  return undefined
}

/** The field of the first item that has it. */
export function firstOf<T, K extends keyof T>(items: readonly T[], field: K): T[K] | undefined {
  for (const item of items) if (item[field] !== undefined) return item[field]
  return undefined
}
