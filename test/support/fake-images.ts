import { aPng } from './build.ts'

export interface FakeImage {
  readonly id: number
  readonly type: 'image' | 'video'
  /** The media in original quality; other sizes give other bytes. */
  readonly bytes: Uint8Array
  readonly browsingLevel: number
  readonly stats: Readonly<Record<'cry' | 'laugh' | 'like' | 'dislike' | 'heart' | 'comment', number>>
  readonly meta: object | null
}

/** Answers that are well-formed and yet not as they should be. */
export interface Oddity {
  readonly kind: 'odd'
  /** Meta as `{id, meta}` although `flatMeta` was asked for. */
  readonly nestedMeta?: true
  readonly stats?: 'missing' | 'all-time' | 'broken'
  /** Addresses of a small preview instead of the original. */
  readonly previews?: true
  /** Bare UUIDs instead of addresses, and the user as an object, as the site's own calls answer. */
  readonly internal?: true
  /** Images of other posts among those of this one. */
  readonly foreign?: true
  /** The last image of a page again on the next, and every second page the other way round. */
  readonly overlapping?: true
  /** The last cursor again and again. */
  readonly endless?: true
  /** Items that are no images. */
  readonly junk?: true
}

export interface PageRequest {
  /** Of the server, without a path. */
  readonly url: string
  readonly query: URLSearchParams
  readonly token: string
  readonly images: readonly FakeImage[]
  readonly odd: Oddity | undefined
}

export const BUCKET = 'xG1nkqKTMzGDvpLrqFT7WA'
export const uuidOf = (id: number): string => `11111111-2222-4333-8444-${String(id).padStart(12, '0')}`

export const aFakeImage = (id: number): FakeImage => ({
  id,
  type: 'image',
  bytes: aPng(),
  browsingLevel: 1,
  stats: { cry: 1, laugh: 2, like: 37, dislike: 0, heart: 21, comment: 3 },
  meta: { prompt: 'a harbor at dusk', seed: 1_234_567_890, steps: 28 },
})

/** One answer of `/api/v1/images`. The cursor decides where it begins; `page` is ignored, as the real one does. */
export function imagesPage({ url, query, token, images, odd }: PageRequest): object {
  const limit = Number(query.get('limit') ?? 100)
  // Without a browsing level only what is fit for everyone is shown.
  const levels = Number(query.get('browsingLevel') ?? 1)
  const visible = images.filter(({ browsingLevel }) => (browsingLevel & levels) !== 0)
  const from = Number((query.get('cursor') ?? '0|').split('|')[0])
  const end = from + limit
  const overlaps = odd?.overlapping === true && from > 0
  const shown = visible.slice(overlaps ? from - 1 : from, end)
  const items: unknown[] = (overlaps ? shown.toReversed() : shown).map((image) => toItem(image, url, query, odd))
  if (odd?.foreign === true) items.unshift({ ...toItem(aFakeImage(99_999_999), url, query, odd), postId: 1 })
  if (odd?.junk === true) items.push(null, 'text', { id: 'x' }, { id: 5 })
  const endless = odd?.endless === true && end >= visible.length
  if (end >= visible.length && !endless) return { items, metadata: {} }
  const nextCursor = `${endless ? from : end}|1785402764120`
  const nextPage = new URL(`${url}/api/v1/images?${query}`)
  nextPage.searchParams.set('cursor', nextCursor)
  // Every parameter comes back, and so would a token.
  nextPage.searchParams.set('token', token)
  return { items, metadata: { nextCursor, nextPage: nextPage.href } }
}

function toItem(image: FakeImage, url: string, query: URLSearchParams, odd: Oddity | undefined): object {
  const nested = odd?.nestedMeta === true || query.get('flatMeta') !== 'true'
  const meta = query.get('withMeta') === 'true' ? image.meta : null
  const suffix = odd?.stats === 'all-time' ? 'CountAllTime' : 'Count'
  const stats = Object.fromEntries(Object.entries(image.stats).map(([name, count]) => [name + suffix, count]))
  const transform = odd?.previews === true ? 'width=450' : 'original=true'
  const ending = image.type === 'video' ? 'mp4' : 'jpeg'
  const address = `${url}/${BUCKET}/${uuidOf(image.id)}/${transform}/${image.id}.${ending}`
  return {
    id: image.id,
    url: odd?.internal === true ? uuidOf(image.id) : address,
    hash: 'UDF~{ft7~qWB%MofRjj[xuWBM{of',
    width: 832,
    height: 1216,
    nsfwLevel: image.browsingLevel === 1 ? 'None' : 'Soft',
    type: image.type,
    nsfw: image.browsingLevel !== 1,
    browsingLevel: image.browsingLevel,
    createdAt: '2026-07-30T09:12:44.120Z',
    postId: Number(query.get('postId')),
    ...(odd?.stats === 'missing' ? {} : { stats: odd?.stats === 'broken' ? 'none' : stats }),
    meta: nested && meta !== null ? { id: image.id, meta } : meta,
    ...(odd?.internal === true ? { user: { id: 501, username: 'night_ferry' } } : { username: 'night_ferry' }),
    baseModel: 'SDXL 1.0',
    modelVersionIds: [920_301, 910_201],
  }
}
