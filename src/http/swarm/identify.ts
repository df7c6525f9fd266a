import { toAppError } from '../../errors.ts'
import type { Trace } from '../../lib/log.ts'
import { type Actor, holds } from '../../operation/permission.ts'
import type { Exchange } from '../route.ts'
import { invalidSession, SwarmRefusal } from './answer.ts'
import type { Sessions } from './sessions.ts'

export interface IdentifyDeps {
  /** @throws AppError unauthorized */
  readonly authenticate: (request: {
    readonly headers: Headers
    peer(): string | undefined
    readonly trace: Trace
  }) => Promise<Actor>
  readonly isLive: ((actor: Actor) => Promise<boolean>) | undefined
  readonly sessions: Sessions
}

/** Finds out who asks; everyone that is let through holds `models:serve`. */
export interface Identify {
  /** By the token. @throws SwarmRefusal invalid_user, bad_permissions */
  byToken(exchange: Exchange): Promise<Actor>
  /** By the id of a session. @throws SwarmRefusal invalid_session_id, invalid_user */
  bySession(exchange: Exchange, id: unknown): Promise<Actor>
  /** By the session of the header `X-Session-ID` where there is one, else by the token. @throws SwarmRefusal */
  byEither(exchange: Exchange): Promise<Actor>
}

export function createIdentify({ authenticate, isLive, sessions }: IdentifyDeps): Identify {
  async function authenticated(exchange: Exchange): Promise<Actor> {
    const { request, connection, requestId } = exchange
    try {
      const headers = withCookieToken(request.headers)
      return await authenticate({ headers, peer: connection.peer, trace: { request_id: requestId } })
    } catch (error) {
      const { code, message, hint } = toAppError(error)
      if (code !== 'unauthorized') throw error
      throw new SwarmRefusal('invalid_user', hint === undefined ? `${message}.` : `${message}. ${hint}.`)
    }
  }

  async function byToken(exchange: Exchange): Promise<Actor> {
    const actor = await authenticated(exchange)
    exchange.actor = actor
    if (holds(actor, 'models:serve')) return actor
    throw new SwarmRefusal('bad_permissions', 'Models are served to tokens with the permission models:serve.')
  }

  /**
   * As in SwarmUI the id is enough: its clients send their token when they ask for a session, and not all of them again.
   * One that comes with a token has to be that token's, and the local owner has to be it each time.
   */
  async function bySession(exchange: Exchange, id: unknown): Promise<Actor> {
    const actor = typeof id === 'string' ? sessions.find(id) : undefined
    if (typeof id !== 'string' || actor === undefined) throw invalidSession()
    if ((await isLive?.(actor)) === false) {
      sessions.end(id)
      throw invalidSession()
    }
    const { headers } = exchange.request
    const presents = headers.has('authorization') || cookieToken(headers) !== undefined
    if ((presents || actor.kind === 'owner') && (await authenticated(exchange)) !== actor) throw invalidSession()
    exchange.actor = actor
    return actor
  }

  return {
    byToken,
    bySession,
    byEither(exchange) {
      const id = exchange.request.headers.get('x-session-id')
      return id === null ? byToken(exchange) : bySession(exchange, id)
    },
  }
}

/** SwarmUI's clients send what they know of a host's users as a cookie. */
function withCookieToken(headers: Headers): Headers {
  const token = headers.has('authorization') ? undefined : cookieToken(headers)
  if (token === undefined) return headers
  const copy = new Headers(headers)
  copy.set('authorization', `Bearer ${token}`)
  return copy
}

const cookieToken = (headers: Headers): string | undefined =>
  /(?:^|;)\s*swarm_token=([^;\s]+)/.exec(headers.get('cookie') ?? '')?.[1]
