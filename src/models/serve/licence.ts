import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/json.ts'
import { baseLicenceOf } from '../licences/base-licences.ts'

/** What is known of a file's licence, all of it said by others. */
export interface LicensedFile {
  /** As its header or a sidecar writes it. */
  readonly license: string | null
  readonly baseModel: string | null
  /** What Civitai said of its digest (civitai-record.ts). */
  readonly civitai: JsonObject | null
}

export interface Kept {
  /** Why it may not be passed on, in one plain sentence. */
  readonly reason: string
  /** When that ends by itself, where that is known. Milliseconds since the epoch. */
  readonly until?: number
}

export type LicenceRule = (file: LicensedFile, now: number) => Kept | undefined

/**
 * Why its licence keeps a file where it is, or undefined.
 *
 * A file of which no licence is known passes: it goes to machines of the same owner, who hold a token of this host,
 * and most files that people train themselves say nothing. Neither of Civitai's flags forbids passing a file on
 * unchanged: they are about credit, selling, merges and the licence of merges. The licences of the published base
 * models (OpenRAIL++-M, FLUX.1 [dev] non-commercial, Stability community, FAIPL, Apache-2.0) let copies be handed on
 * under conditions that bind whoever uses them. What does forbid it:
 */
export const whyKept: LicenceRule = (file, now) => keptByCivitai(file.civitai, now) ?? keptByTerms(file)

/** Words by which licence texts keep a file with who received it. */
const KEEPING_WORDS: readonly RegExp[] = [
  /\bproprietary\b/i,
  /\b(?:personal|private|internal)[\s_-]*use[\s_-]*only\b/i,
  /\b(?:no|not|non|never|without|forbid(?:s|den)?|prohibit(?:s|ed)?)\b[\s\w,'’-]{0,30}\b(?:re-?distribut|re-?upload|re-?post|re-?host|shar(?:e|ing)\b(?![\s-]*alike))/i,
  /\b(?:re-?distribution|re-?uploading|re-?hosting|sharing)\b[\s\w,'’-]{0,40}\b(?:not (?:allowed|permitted)|forbidden|prohibited)\b/i,
]

/** Stands above many a text that goes on with what is permitted (the BSD licences). */
const ALL_RIGHTS = /\ball[\s_-]*rights[\s_-]*reserved\b/i
const PERMISSION = /\b(?:permission|permitted|granted)\b/i

/** Base models whose weights their makers give to nobody: they are for use on their own servers. */
const HOSTED_ONLY =
  /^(?:openai|dall-?e|gpt[\s-]?image|imagen|nano[\s-]?banana|veo\b|sora\b|kling|vidu\b|seedream|seedance|ideogram|midjourney|runway|flux\.?[\s-]?[12](?:\.1)?[\s-]*\[?(?:pro|max|ultra)\b)/i

function keptByTerms({ license, baseModel, civitai }: LicensedFile): Kept | undefined {
  if (license !== null && keepsToItself(license.slice(0, 10_000))) {
    return { reason: 'The licence that the file names does not allow it to be passed on' }
  }
  const base = textOf(civitai?.base_model) ?? baseModel
  return base !== null && HOSTED_ONLY.test(base.trim())
    ? { reason: 'It is for a base model whose maker lets nobody pass its weights on' }
    : undefined
}

const keepsToItself = (text: string): boolean =>
  KEEPING_WORDS.some((words) => words.test(text)) || (ALL_RIGHTS.test(text) && !PERMISSION.test(text))

/**
 * Early and paid access belong to who paid for it, private models to their creator; what was taken down broke a law or
 * the site's rules; and what may only be used on Civitai's own servers (`usageControl`) was never given out.
 */
function keptByCivitai(label: JsonObject | null, now: number): Kept | undefined {
  if (label === null) return undefined
  const availability = textOf(label.availability)
    ?.toLowerCase()
    .replaceAll(/[^a-z]/g, '')
  if (availability === 'private') return { reason: 'Its creator keeps it private on Civitai' }
  if (availability === 'takendown') return { reason: 'It was taken down from Civitai' }
  const usage = textOf(label.usage_control)?.toLowerCase()
  if (usage !== undefined && usage !== 'download') {
    return { reason: 'Its creator lets nobody download it from Civitai' }
  }
  const until = earlyAccessEnd(label, availability === 'earlyaccess')
  if (until === undefined || until <= now) return undefined
  const reason = 'It is in early or paid access on Civitai, which belongs to who paid for it'
  return until === Number.POSITIVE_INFINITY ? { reason } : { reason, until }
}

/** Infinity: no end is known. */
function earlyAccessEnd({ paid_access: paid }: JsonObject, isEarly: boolean): number | undefined {
  if (isJsonObject(paid)) {
    return (paid.permanent === true ? undefined : timeOf(paid.ends_at)) ?? Number.POSITIVE_INFINITY
  }
  return isEarly ? Number.POSITIVE_INFINITY : undefined
}

function timeOf(value: JsonValue | undefined): number | undefined {
  if (typeof value !== 'string') return undefined
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : at
}

const COMMERCIAL_USES: ReadonlySet<string> = new Set(['image', 'rentcivit', 'rent', 'sell'])

/**
 * `commercial`, `noncommercial` (the words of the setting CivitAI.AllowedLicenses) where Civitai's flags are known,
 * else what the file itself names; null where nothing is known.
 */
export function licenceName({ license, baseModel, civitai }: LicensedFile): string | null {
  const flags = civitai?.license
  const uses = isJsonObject(flags) ? usesOf(flags.allow_commercial_use) : undefined
  if (uses === undefined) return license === null ? null : license.slice(0, 200)
  const base = textOf(civitai?.base_model) ?? baseModel ?? ''
  const isCommercial =
    uses.some((use) => COMMERCIAL_USES.has(use)) && baseLicenceOf(base)?.allowsCommercialUse !== false
  return isCommercial ? 'commercial' : 'noncommercial'
}

function usesOf(value: JsonValue | undefined): string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value.flatMap((use) => (typeof use === 'string' ? [use.toLowerCase()] : []))
}

const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined
