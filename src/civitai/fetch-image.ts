import { AppError, isAppError } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { Trace } from '../lib/log.ts'
import { createCivitaiHosts } from './hosts.ts'
import { type CivitaiRequestDeps, NOT_THERE, requestJson } from './request.ts'

export interface FetchImageOptions {
  /** The caller's Civitai key, if any. It goes to the configured host and nowhere else. */
  readonly token?: string | undefined
  readonly signal: AbortSignal
  readonly trace?: Trace | undefined
}

/**
 * One image of Civitai as its API has it, generation data and all; undefined where Civitai shows none of this number.
 * @throws AppError upstream_unavailable, rate_limited, forbidden, cancelled
 */
export type FetchImage = (imageId: string, options: FetchImageOptions) => Promise<JsonObject | undefined>

export interface FetchImageDeps extends CivitaiRequestDeps {
  /** `https://civitai.com` or a mirror of it. */
  readonly baseUrl: string
}

/** Asks the configured host, then the site of the same kind that shows what the first one hides. */
export function createFetchImage(deps: FetchImageDeps): FetchImage {
  const { base, sibling, allowed: hosts, api, tokenFor } = createCivitaiHosts(deps.baseUrl)

  async function ask(origin: URL, imageId: string, options: FetchImageOptions): Promise<JsonObject | undefined> {
    const url = api(origin, '/images')
    url.searchParams.set('imageId', imageId)
    url.searchParams.set('limit', '1')
    url.searchParams.set('withMeta', 'true')
    url.searchParams.set('flatMeta', 'true')
    url.searchParams.set('browsingLevel', '31')
    const { token, signal, trace } = options
    const answer = await requestJson({ url, hosts, signal, token: tokenFor(origin, token), trace }, deps)
    if (answer === NOT_THERE) return undefined
    const items = isJsonObject(answer) ? answer['items'] : undefined
    if (!Array.isArray(items)) {
      throw new AppError('upstream_unavailable', `Cannot use the answer of ${url.host}: it holds no list of images`, {
        hint: 'Check AIRKEEP_CIVITAI_URL',
      })
    }
    // The filter is not always applied: then the answer is a feed of others' images.
    return items.filter(isJsonObject).find(({ id }) => String(id) === imageId)
  }

  return async (imageId, options) => {
    const found = await ask(base, imageId, options)
    if (found !== undefined || sibling === undefined) return found
    try {
      return await ask(sibling, imageId, options)
    } catch (error) {
      if (isAppError(error) && error.code === 'cancelled') throw error
      deps.log.debug({ ...options.trace, host: sibling.host, err: error }, 'the sibling host did not help')
      return undefined
    }
  }
}
