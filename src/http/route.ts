import { Hono } from 'hono'
import { AppError } from '../errors.ts'
import type { Actor } from '../operation/permission.ts'
import type { Connection } from './connection.ts'
import { problemResponse } from './problem.ts'

/** One request on its way through a route. */
export interface Exchange {
  readonly request: Request
  readonly connection: Connection
  readonly requestId: string
  /** Of the URL, as written and without `?`. */
  readonly path: string
  readonly query: string
  /** What the path's placeholders stood for, decoded. */
  params: Readonly<Record<string, string>>
  /** Pattern of the route that was found: what metrics count by. */
  route: string
  /** Who it comes from, once that is known. */
  actor: Actor | undefined
  /** What went wrong inside, for the log. */
  failure: unknown
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'ALL'

interface RouteBase {
  readonly method: Method
  /** Placeholders in braces: `/v1/prompts/{prompt_id}`. */
  readonly path: `/${string}`
}

export type Route = RouteBase &
  (
    | {
        /** `open`: for everyone, nothing private. `own`: the route finds out by itself who asks. */
        readonly access: 'open' | 'own'
        handle(exchange: Exchange): Answer
      }
    | {
        /** `stream`: a ticket in the query does instead of a token. */
        readonly access: 'actor' | 'stream'
        handle(exchange: Exchange, actor: Actor): Answer
      }
  )

type Answer = Response | Promise<Response>

/** Who sends this request. @throws AppError unauthorized */
export type FindActor = (exchange: Exchange, route: Route) => Promise<Actor>

/**
 * Finds the route of a request and answers from it, errors included. Fixed paths win over placeholders, whatever the
 * order they come in; a path that is known for other methods answers 405 with `Allow`.
 */
export function createRouter(
  routes: readonly Route[],
  findActor: FindActor,
): (exchange: Exchange) => Response | Promise<Response> {
  const app = new Hono<{ Bindings: Exchange }>()
  const siblingsAt = new Map<string, Route[]>()
  for (const route of routes) siblingsAt.set(route.path, [...(siblingsAt.get(route.path) ?? []), route])

  const answer = async (exchange: Exchange, route: Route): Promise<Response> => {
    try {
      if (route.access === 'open' || route.access === 'own') return await route.handle(exchange)
      exchange.actor = await findActor(exchange, route)
      return await route.handle(exchange, exchange.actor)
    } catch (error) {
      return fail(exchange, error)
    }
  }

  for (const [path, siblings] of bySpecificity(siblingsAt)) {
    const pattern = path.replaceAll(/\{(\w+)\}/g, ':$1')
    const allow = allowOf(siblings)
    for (const route of siblings) {
      app.on(route.method, pattern, (c) => {
        c.env.route = path
        c.env.params = c.req.param()
        return answer(c.env, route)
      })
    }
    app.all(pattern, (c) => {
      c.env.route = path
      const error = new AppError('method_not_allowed', `${path} does not take ${c.env.request.method.slice(0, 20)}`, {
        hint: `It takes ${allow}`,
      })
      return fail(c.env, error, { allow })
    })
  }
  app.notFound((c) => fail(c.env, new AppError('not_found', 'There is nothing at this path')))
  return (exchange) => app.fetch(exchange.request, exchange)
}

/** An error as its answer; it is kept on the exchange for the log. */
export function fail(exchange: Exchange, error: unknown, headers: Record<string, string> = {}): Response {
  exchange.failure = error
  return problemResponse(error, exchange, headers)
}

function allowOf(routes: readonly Route[]): string {
  const methods = new Set<string>(routes.map(({ method }) => method))
  if (methods.has('GET')) methods.add('HEAD')
  return [...methods].sort().join(', ')
}

/** Segment by segment, a fixed one before a placeholder. */
function bySpecificity<T>(byPath: ReadonlyMap<string, T>): readonly (readonly [path: string, value: T])[] {
  const keyOf = (path: string): string => path.replaceAll(/[^/]+/g, (segment) => (segment.startsWith('{') ? '1' : '0'))
  return [...byPath]
    .map((entry) => ({ entry, key: keyOf(entry[0]) }))
    .sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))
    .map(({ entry }) => entry)
}
