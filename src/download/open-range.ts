import type { GuardedFetch } from '../net/fetch.ts'
import type { OpenedSource } from '../net/file-source.ts'
import { isRedirect, nextHop } from '../net/hop.ts'
import type { GuardedResponse } from '../net/response.ts'
import { SourceFault } from './source-fault.ts'

/** Where the bytes lie: the address that a source gave, or the storage that it led to. */
export type Location = Pick<OpenedSource, 'url' | 'headers' | 'hosts' | 'allowPrivate'>

export interface RangeRequest {
  readonly begin: number
  /** Behind the last byte; without it everything up to the end of the file is asked for. */
  readonly end?: number | undefined
  readonly signal: AbortSignal
  readonly idleTimeoutMs: number
}

export interface RangeAnswer {
  readonly response: GuardedResponse
  /** Good for the next ranges too, without the way there. */
  readonly location: Location
}

const MAX_REDIRECTS = 5

/**
 * Asks for a range and follows redirects by hand: the source's headers, which may be credentials, go to the address that
 * they were given for and to no other.
 * @throws AppError forbidden (guard, https to http), upstream_unavailable, cancelled; SourceFault
 */
export async function openRange(fetch: GuardedFetch, from: Location, asked: RangeRequest): Promise<RangeAnswer> {
  const { begin, end, signal, idleTimeoutMs } = asked
  const own = { range: `bytes=${begin}-${end === undefined ? '' : end - 1}`, 'accept-encoding': 'identity' }
  let location = from
  for (let hops = 0; ; hops += 1) {
    const response = await fetch({
      url: location.url,
      headers: { ...location.headers, ...own },
      hosts: location.hosts,
      ...(location.allowPrivate === undefined ? {} : { allowPrivate: location.allowPrivate }),
      signal,
      idleTimeoutMs,
      redirect: 'manual',
      // A compressed body is no part of the file: it is refused, not unpacked.
      asStored: true,
    })
    const to = response.headers.get('location') ?? undefined
    if (!isRedirect(response.status, to)) return { response, location }
    response.discard()
    if (hops === MAX_REDIRECTS) throw new SourceFault('dead', `it redirects more than ${MAX_REDIRECTS} times`)
    const hop = { url: new URL(location.url), method: 'GET', headers: {}, body: undefined }
    location = { ...location, url: nextHop(hop, response.status, to).url.href, headers: {} }
  }
}
