import { AppError } from '../../errors.ts'
import type { Trace } from '../../lib/log.ts'
import type { GuardedFetch } from '../../net/fetch.ts'
import type { GuardedResponse } from '../../net/response.ts'
import { retryAfterSeconds } from '../../net/retry-after.ts'
import { authorization, refusalOf } from './greet.ts'
import { hostOf } from './node-url.ts'
import type { PeerNode } from './peer-list.ts'
import type { Dialect } from './store.ts'

export interface PeerAsk {
  readonly signal: AbortSignal
  readonly trace?: Trace | undefined
}

export interface PeerRequest extends PeerAsk {
  /** With its query; below the URL of the node. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly maxBytes?: number
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
}

/** Says who asks, in the words of the dialect. */
export const headersFor = async (node: PeerNode, dialect: Dialect): Promise<Record<string, string>> =>
  authorization({ dialect, token: await node.token() })

/**
 * A GET to a node. The owner named it: it may be anywhere, but nothing that it says leads anywhere else.
 * @throws AppError upstream_unavailable, forbidden, cancelled
 */
export async function askPeer(fetch: GuardedFetch, node: PeerNode, dialect: Dialect, request: PeerRequest) {
  const { path, headers, trace, ...rest } = request
  const host = hostOf(node.url)
  return fetch({
    ...rest,
    url: `${node.url}${path}`,
    headers: { accept: '*/*', ...(await headersFor(node, dialect)), ...headers },
    hosts: [host],
    allowPrivate: [host],
    redirect: 'manual',
    ...(trace === undefined ? {} : { trace }),
  })
}

/** What a status that is no success means, as an error; the body is left. */
export function refusedBy(response: GuardedResponse): AppError {
  const { status, headers } = response
  response.discard()
  const reason = refusalOf(status)
  const message = `${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}`
  if (status === 401 || status === 403) return new AppError('forbidden', message)
  if (status !== 429 && status !== 503) return new AppError('upstream_unavailable', message)
  return new AppError(status === 429 ? 'rate_limited' : 'upstream_unavailable', message, {
    retryAfterSeconds: retryAfterSeconds(headers.get('retry-after')),
  })
}
