import { type AppError, toAppError } from '../../errors.ts'
import { isJsonObject } from '../../lib/json.ts'
import type { Trace } from '../../lib/log.ts'
import type { GuardedFetch, GuardedRequest } from '../../net/fetch.ts'
import { verifyManifest } from '../serve/verify-manifest.ts'
import { hostOf } from './node-url.ts'
import type { Dialect } from './store.ts'

export interface GreetedNode {
  readonly url: string
  readonly dialect: Dialect
  readonly token: string | undefined
  /** The key that it must have, where one is pinned. */
  readonly publicKey: string | undefined
}

export interface Greeting {
  /** The key that signed its manifest. */
  readonly publicKey: string | undefined
  /** Why it could not be asked or does not sign, in one sentence. */
  readonly warning: string | undefined
}

export interface GreetOptions {
  readonly signal: AbortSignal
  readonly trace?: Trace | undefined
}

/**
 * Asks a node once who it is.
 * @throws AppError conflict: it has another key than the pinned one, or none any more; checksum_mismatch: its signature
 * does not hold; the signal's reason
 */
export type Greet = (node: GreetedNode, options: GreetOptions) => Promise<Greeting>

export interface GreetDeps {
  readonly fetch: GuardedFetch
  /** For the whole answer, however slowly it comes. */
  readonly answerWithinMs?: number
}

/** An airkeep answers a few hundred bytes; another program may know no `hash` and list all it has. Parsed in one go. */
const MAX_BYTES = 8 * 1024 * 1024

/** A digest that no file has: key and signature are what is asked for, not the models. */
const NO_MODEL = '0'.repeat(64)

export function createGreet({ fetch, answerWithinMs = 20_000 }: GreetDeps): Greet {
  async function ask(node: GreetedNode, path: string, request: Partial<GuardedRequest>): Promise<Answer> {
    const host = hostOf(node.url)
    const response = await fetch({
      ...request,
      url: `${node.url}${path}`,
      headers: { accept: 'application/json', ...authorization(node), ...request.headers },
      // The owner named it: it may be anywhere, but nothing that it says leads anywhere else.
      hosts: [host],
      allowPrivate: [host],
      redirect: 'manual',
      maxBytes: MAX_BYTES,
      connectTimeoutMs: Math.min(10_000, answerWithinMs),
    })
    if (response.status === 200) return { json: await response.json() }
    response.discard()
    return { refusal: refusalOf(response.status) }
  }

  return async (node, { signal, trace }) => {
    signal.throwIfAborted()
    const deadline = AbortSignal.timeout(answerWithinMs)
    const within = { signal: AbortSignal.any([signal, deadline]), ...(trace === undefined ? {} : { trace }) }
    let answer: Answer
    try {
      answer =
        node.dialect === 'airkeep'
          ? await ask(node, `/v1/models/manifest?hash=${NO_MODEL}`, within)
          : await ask(node, '/API/GetNewSession', { ...within, ...SESSION_REQUEST })
    } catch (error) {
      signal.throwIfAborted()
      return unasked(deadline.aborted ? `it did not answer within ${answerWithinMs / 1000} s` : reasonOf(error))
    }
    if ('refusal' in answer) return unasked(answer.refusal)
    if (node.dialect === 'swarmui') return greetSession(answer.json)
    try {
      const { publicKey } = await verifyManifest(answer.json, node.publicKey)
      return { publicKey, warning: publicKey === undefined ? UNSIGNED : undefined }
    } catch (error) {
      if (toAppError(error).code === 'upstream_unavailable') return unasked(reasonOf(error))
      throw error
    }
  }
}

const UNSIGNED = 'The node does not sign its manifest: nothing tells it from another in its place'

type Answer = { readonly json: unknown } | { readonly refusal: string }

const SESSION_REQUEST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' } as const

/** SwarmUI knows users by a cookie, an airkeep that speaks its dialect by the header. */
export function authorization({ dialect, token }: Pick<GreetedNode, 'dialect' | 'token'>): Record<string, string> {
  if (token === undefined) return {}
  const bearer = { authorization: `Bearer ${token}` }
  return dialect === 'swarmui' ? { ...bearer, cookie: `swarm_token=${token}` } : bearer
}

function greetSession(json: unknown): Greeting {
  if (isJsonObject(json) && typeof json.session_id === 'string') return { publicKey: undefined, warning: undefined }
  return unasked('it gives no session: is it a SwarmUI?')
}

const unasked = (reason: string): Greeting => ({
  publicKey: undefined,
  warning: `The node is stored, but could not be asked yet: ${reason}`,
})

/** Why a status is no answer, as the end of a sentence. */
export function refusalOf(status: number): string {
  if (status === 401 || status === 403) return `it refuses the token (HTTP ${status})`
  if (status >= 300 && status < 400) return `it redirects (HTTP ${status}): add it under the URL that it redirects to`
  if (status === 404) return 'there is no model manifest at this URL (HTTP 404)'
  return `it answers HTTP ${status}`
}

/** What the network said, as the end of a sentence. */
export function reasonOf(error: unknown): string {
  const { message }: AppError = toAppError(error)
  return message.slice(0, 1).toLowerCase() + message.slice(1)
}
