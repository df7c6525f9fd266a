import * as v from 'valibot'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { toOriginalUrl } from './links.ts'
import { idSchema, lenient } from './wire.ts'

/** Reactions as Civitai counts them; null where it did not say. */
export interface EngagementStats {
  readonly cry: number | null
  readonly laugh: number | null
  readonly like: number | null
  readonly dislike: number | null
  readonly heart: number | null
  readonly comment: number | null
}

export const REACTIONS = ['cry', 'laugh', 'like', 'dislike', 'heart', 'comment'] as const

/** One picture or video of a post. What an answer lacks is null. */
export interface CivitaiImage {
  readonly id: string
  readonly postId: string | null
  /** The media in original quality. */
  readonly url: string
  readonly type: string
  readonly width: number | null
  readonly height: number | null
  readonly nsfw: boolean | null
  /** `None`, `Soft`, … in the public API, a number in others. */
  readonly nsfwLevel: string | number | null
  readonly browsingLevel: number | null
  readonly createdAt: string | null
  readonly username: string | null
  readonly baseModel: string | null
  readonly modelVersionIds: readonly number[]
  readonly stats: EngagementStats
  /** Generation data, flat; null where the author hides it. */
  readonly meta: JsonObject | null
}

const count = lenient(v.pipe(v.number(), v.safeInteger(), v.minValue(0)))

/** None is longer in earnest. */
const word = lenient(v.pipe(v.string(), v.maxLength(1_000)))
const MAX_VERSIONS = 1_000

const imageSchema = v.object({
  id: idSchema,
  url: v.pipe(v.string(), v.minLength(1), v.maxLength(8_000)),
  type: word,
  width: count,
  height: count,
  nsfw: lenient(v.boolean()),
  nsfwLevel: lenient(v.union([v.pipe(v.string(), v.maxLength(100)), v.number()])),
  browsingLevel: lenient(v.pipe(v.number(), v.integer())),
  createdAt: word,
  postId: lenient(idSchema),
  username: word,
  user: lenient(v.object({ username: word })),
  baseModel: word,
  modelVersionIds: lenient(v.array(v.number())),
  stats: lenient(v.record(v.string(), v.unknown())),
  meta: v.unknown(),
})

/**
 * One item of `/api/v1/images` (or of the site's own calls), or undefined where id or URL are missing. Whoever answers
 * must not name files of this host, or what only its keys open: another URL than one of the web is none.
 */
export function parseImage(item: unknown): CivitaiImage | undefined {
  const parsed = v.safeParse(imageSchema, isJsonObject(item) ? { meta: null, ...item } : item)
  if (!parsed.success) return undefined
  const { user, stats, meta, ...wire } = parsed.output
  const id = String(wire.id)
  const type = wire.type ?? (/\.(?:mp4|webm|mov)(?:$|\?)/i.test(wire.url) ? 'video' : 'image')
  const url = toOriginalUrl(wire.url, { id, type })
  if (!/^https?:\/\//i.test(url)) return undefined
  return {
    id,
    postId: wire.postId === null ? null : String(wire.postId),
    url,
    type,
    width: wire.width,
    height: wire.height,
    nsfw: wire.nsfw,
    nsfwLevel: wire.nsfwLevel,
    browsingLevel: wire.browsingLevel,
    createdAt: wire.createdAt,
    username: wire.username ?? user?.username ?? null,
    baseModel: wire.baseModel,
    modelVersionIds: (wire.modelVersionIds ?? []).slice(0, MAX_VERSIONS),
    stats: parseStats(stats ?? {}),
    meta: flatMeta(meta),
  }
}

/** `likeCount` in the public API, `likeCountAllTime` in the site's own calls. */
function parseStats(stats: Readonly<Record<string, unknown>>): EngagementStats {
  const read = (name: string): number | null => {
    const value = stats[`${name}Count`] ?? stats[`${name}CountAllTime`]
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
  }
  return {
    cry: read('cry'),
    laugh: read('laugh'),
    like: read('like'),
    dislike: read('dislike'),
    heart: read('heart'),
    comment: read('comment'),
  }
}

/** `flatMeta=true` is asked for, but some paths answer `{id, meta: {…}}` all the same. */
function flatMeta(meta: unknown): JsonObject | null {
  if (!isJsonObject(meta)) return null
  const { id, meta: inner, ...rest } = meta
  if (Object.keys(rest).length > 0 || inner === undefined) return meta
  if (isJsonObject(inner)) return inner
  return inner === null && (id === undefined || typeof id === 'number') ? null : meta
}
