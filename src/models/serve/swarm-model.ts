import { modelExtension } from '../model-file.ts'
import { licenceName } from './licence.ts'
import type { ServedRow } from './served-rows.ts'
import type { SwarmClaims } from './swarm-claims.ts'

/** A model as SwarmUI lists it. */
export interface SwarmModel {
  /** Path below the folder of its subtype, `/` between the parts; no other model of the subtype has it. */
  readonly name: string
  readonly filename: string
  readonly sizeBytes: number
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number
  /** Of the whole file; lower-case hex. */
  readonly sha256: string
  /** Of what stands behind the safetensors header; lower-case hex. Null: there is none, or nobody has read it yet. */
  readonly tensorSha256: string | null
  readonly title: string
  /** SwarmUI's id of the architecture, where the header has it. */
  readonly architecture: string | undefined
  readonly description: string
  /** In pixels; 0 where it is not known. */
  readonly standardWidth: number
  readonly standardHeight: number
  readonly author: string | undefined
  readonly license: string | undefined
  readonly date: string | undefined
  readonly usageHint: string | undefined
  readonly triggerPhrase: string | undefined
  readonly tags: readonly string[]
  /** Whether its tensor digest leads to these bytes and no others of the subtype. */
  readonly isKnownByTensors: boolean
}

/** Path and claims both come from outside; lone halves of surrogate pairs are nothing that URLs can hold. */
export const shownName = ({ name }: Pick<ServedRow, 'name'>): string => name.toWellFormed()

export type UnshelvedModel = Omit<SwarmModel, 'isKnownByTensors'>

export function toSwarmModel(row: ServedRow, name: string, claims: SwarmClaims = {}): UnshelvedModel {
  const { civitai } = row
  const filename = lastPart(shownName(row))
  const words = Array.isArray(civitai?.trained_words) ? civitai.trained_words : []
  const [standardWidth, standardHeight] = sizeIn(claims.resolution)
  return {
    name,
    filename,
    sizeBytes: row.sizeBytes,
    modifiedMs: Math.floor(row.modifiedUs / 1000),
    sha256: row.sha256,
    tensorSha256: row.tensorSha256,
    title: claims.title ?? filename.slice(0, filename.length - (modelExtension(filename)?.length ?? 0)),
    architecture: claims.architecture,
    description: claims.description ?? '',
    standardWidth,
    standardHeight,
    author: claims.author,
    license: (row.license ?? licenceName(row))?.slice(0, MAX_LICENSE).toWellFormed(),
    date: claims.date,
    usageHint: claims.usage_hint,
    triggerPhrase: claims.trigger_phrase ?? phraseOf(words),
    tags: tagsIn(claims.tags),
  }
}

const MAX_LICENSE = 200
const MAX_PHRASE = 500
const MAX_TAGS = 20

const lastPart = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/** `1024x768` */
function sizeIn(resolution: string | undefined): readonly [width: number, height: number] {
  const match = /^(\d{1,5})\s*x\s*(\d{1,5})$/i.exec(resolution ?? '')
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)]
}

function phraseOf(words: readonly unknown[]): string | undefined {
  const phrase = words.filter((word) => typeof word === 'string' && word !== '').join(', ')
  return phrase === '' ? undefined : phrase.slice(0, MAX_PHRASE).toWellFormed()
}

const tagsIn = (tags: string | undefined): string[] =>
  (tags ?? '')
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
    .slice(0, MAX_TAGS)
