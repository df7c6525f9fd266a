import { createHash, timingSafeEqual } from 'node:crypto'
import { AppError } from '../errors.ts'
import { isLoopbackAddress, isLoopbackName, parseHost } from '../lib/host.ts'
import type { Trace } from '../lib/log.ts'
import { type Actor, OWNER } from '../operation/permission.ts'
import type { Tokens } from './tokens.ts'

/** What a request says of its sender. */
export interface RequestFacts {
  readonly headers: Headers
  /** Address of the other end of the connection; undefined where it is not known, which counts as far away. */
  peer(): string | undefined
  /** Whose request it is, for the log. */
  readonly trace?: Trace | undefined
}

export interface AuthenticateDeps {
  readonly tokens: Pick<Tokens, 'verify' | 'configured'>
  /** The secret in `serve.json`, with which this host's own commands come; undefined while nothing listens. */
  readonly localSecret: () => string | undefined
}

/**
 * Decides who a request comes from.
 * - A bearer token is its token's actor; the local secret is the owner. A wrong one is refused, wherever it comes from.
 * - Without a token, and while no token is configured at all, the owner is whoever calls from this machine by a
 *   loopback name, not from another site's page and not through a proxy.
 * - As soon as one token is configured, a request without a token is refused, from this machine too: a proxy or a
 *   tunnel on this machine that adds no header would otherwise make the whole world its owner.
 * @throws AppError unauthorized; and what reading the tokens throws
 */
export function createAuthenticate({ tokens, localSecret }: AuthenticateDeps) {
  return async (request: RequestFacts): Promise<Actor> => {
    const authorization = request.headers.get('authorization')
    if (authorization !== null) {
      const presented = bearerOf(authorization)
      const secret = localSecret()
      if (secret !== undefined && sameSecret(secret, presented)) return OWNER
      const actor = await tokens.verify(presented, request.trace)
      if (actor !== undefined) return actor
      throw new AppError('unauthorized', 'The token is not valid', {
        hint: 'It may have been revoked; the owner makes tokens with: airkeep token create',
      })
    }
    if (await tokens.configured()) {
      throw new AppError('unauthorized', 'A token is needed', {
        hint: 'Send it as Authorization: Bearer; the owner makes tokens with: airkeep token create',
      })
    }
    if (isLocal(request)) return OWNER
    throw new AppError('unauthorized', 'Without a token only requests from this machine itself are served', {
      hint: 'Make a token with airkeep token create (or set AIRKEEP_TOKEN) and send it as Authorization: Bearer',
    })
  }
}

function bearerOf(authorization: string): string {
  const match = /^bearer +([\x21-\x7e]+)$/i.exec(authorization.trim())
  if (match?.[1] !== undefined) return match[1]
  throw new AppError('unauthorized', 'The Authorization header must be: Bearer and a token')
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Over digests, which are of one length whatever was presented. */
const sameSecret = (expected: string, presented: string): boolean =>
  timingSafeEqual(digestOf(expected), digestOf(presented))

/** Headers with which proxies tell of the real sender: whoever comes through one is not local. */
const isProxyHeader = (name: string): boolean =>
  name === 'forwarded' ||
  name === 'via' ||
  name === 'x-real-ip' ||
  name.startsWith('x-forwarded-') ||
  name.startsWith('cf-')

function isLocal({ headers, peer }: RequestFacts): boolean {
  const address = peer()
  if (address === undefined || !isLoopbackAddress(address)) return false
  const written = headers.get('host') ?? ''
  const host = parseHost(written)
  if (host === undefined || !isLoopbackName(host.name)) return false
  const origin = headers.get('origin')
  if (origin !== null && origin.toLowerCase() !== `http://${written.toLowerCase()}`) return false
  for (const name of headers.keys()) if (isProxyHeader(name)) return false
  return true
}
