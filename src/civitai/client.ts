import { AppError, isAppError } from '../errors.ts'
import { isJsonObject } from '../lib/json.ts'
import type { Trace } from '../lib/log.ts'
import { createCivitaiHosts } from './hosts.ts'
import { type CivitaiImage, parseImage } from './image.ts'
import { type CivitaiRequestDeps, NOT_THERE, requestJson } from './request.ts'
import { nextCursorIn } from './wire.ts'

export interface PostImagesOptions {
  /** Images of one page, 1 to 200. */
  readonly limit: number
  /** The caller's Civitai key, if any. It goes to the configured host and nowhere else. */
  readonly token?: string | undefined
  readonly signal: AbortSignal
  /** Whose request it is, for the log. */
  readonly trace?: Trace | undefined
}

export interface PostImagesPage {
  readonly images: readonly CivitaiImage[]
  /** Where the next page begins; undefined on the last one. */
  readonly nextCursor: string | undefined
}

/** Civitai's public API, as much of it as tracking needs. */
export interface CivitaiClient {
  /**
   * Page `page` (1 is the first) of a post's images; empty past the end, and for a post that does not exist.
   * @throws AppError upstream_unavailable, rate_limited, forbidden, cancelled
   */
  fetchPostImages(postId: string, options: PostImagesOptions & { readonly page: number }): Promise<PostImagesPage>
  /** Every page of a post, one after another; no image twice. Throws as {@link fetchPostImages}. */
  postImagePages(postId: string, options: PostImagesOptions): AsyncIterable<PostImagesPage>
}

export interface CivitaiClientDeps extends CivitaiRequestDeps {
  /** `https://civitai.com` or a mirror of it. */
  readonly baseUrl: string
}

/** PG, PG13, R, X and XXX: without it the mature images of a post do not appear. */
const EVERY_LEVEL = '31'
/** A bound for servers whose cursors never end; a real post has tens of images. */
const MAX_PAGES = 200

export function createCivitaiClient(deps: CivitaiClientDeps): CivitaiClient {
  const { base, sibling, allowed: hosts, api, tokenFor } = createCivitaiHosts(deps.baseUrl)

  async function fetchPage(
    origin: URL,
    postId: string,
    cursor: string | undefined,
    { limit, token, signal, trace }: PostImagesOptions,
  ): Promise<PostImagesPage | undefined> {
    const url = api(origin, '/images')
    url.searchParams.set('postId', postId)
    url.searchParams.set('limit', String(limit))
    url.searchParams.set('withMeta', 'true')
    url.searchParams.set('flatMeta', 'true')
    url.searchParams.set('browsingLevel', EVERY_LEVEL)
    if (cursor !== undefined) url.searchParams.set('cursor', cursor)
    const answer = await requestJson({ url, hosts, signal, token: tokenFor(origin, token), trace }, deps)
    return answer === NOT_THERE ? undefined : readPage(answer, { postId, url, trace })
  }

  function readPage(
    answer: unknown,
    { postId, url, trace }: { readonly postId: string; readonly url: URL; readonly trace: Trace | undefined },
  ): PostImagesPage {
    const items = isJsonObject(answer) ? answer['items'] : undefined
    if (!isJsonObject(answer) || !Array.isArray(items)) {
      throw new AppError('upstream_unavailable', `Cannot use the answer of ${url.host}: it holds no list of images`, {
        hint: 'Check AIRKEEP_CIVITAI_URL',
      })
    }
    const images: CivitaiImage[] = []
    for (const item of items) {
      const image = parseImage(item)
      if (image === undefined)
        deps.log.warn({ ...trace, host: url.host, postId }, 'left out an image without id or URL')
      // Answers with the images of other posts have been seen: the filter is not always applied.
      else if (image.postId === null || image.postId === postId) images.push(image)
    }
    return { images, nextCursor: nextCursorIn(answer['metadata']) }
  }

  /** The first page, from the sibling where the configured host has none; and the host that the rest comes from. */
  async function firstPage(postId: string, options: PostImagesOptions): Promise<{ origin: URL; page: PostImagesPage }> {
    const page = await fetchPage(base, postId, undefined, options)
    if (page !== undefined && (page.images.length > 0 || page.nextCursor !== undefined)) return { origin: base, page }
    if (sibling !== undefined) {
      try {
        const found = await fetchPage(sibling, postId, undefined, options)
        if (found !== undefined && found.images.length > 0) return { origin: sibling, page: found }
      } catch (error) {
        if (isAppError(error) && error.code === 'cancelled') throw error
        deps.log.debug({ ...options.trace, host: sibling.host, err: error }, 'the sibling host did not help')
      }
    }
    if (page !== undefined) return { origin: base, page }
    throw new AppError('upstream_unavailable', `Cannot ask ${base.host}: it answered 404`, {
      hint: 'Check AIRKEEP_CIVITAI_URL',
    })
  }

  async function* postImagePages(postId: string, options: PostImagesOptions): AsyncGenerator<PostImagesPage> {
    const images = new Set<string>()
    const cursors = new Set<string>()
    let { origin, page } = await firstPage(postId, options)
    for (let number = 1; ; number += 1) {
      // Pages may overlap while others react to the same images.
      const fresh = page.images.filter(({ id }) => !images.has(id) && images.add(id))
      const { nextCursor } = page
      const ends = nextCursor === undefined || cursors.has(nextCursor) || number >= MAX_PAGES
      yield { images: fresh, nextCursor: ends ? undefined : nextCursor }
      if (ends) return
      cursors.add(nextCursor)
      page = (await fetchPage(origin, postId, nextCursor, options)) ?? { images: [], nextCursor: undefined }
    }
  }

  return {
    postImagePages,
    async fetchPostImages(postId, { page: wanted, ...options }) {
      let number = 0
      for await (const page of postImagePages(postId, options)) {
        number += 1
        if (number === wanted) return page
      }
      return { images: [], nextCursor: undefined }
    },
  }
}
