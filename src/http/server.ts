import { AppError } from '../errors.ts'
import type { EventHub } from '../events/hub.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log, Trace } from '../lib/log.ts'
import type { Actor } from '../operation/permission.ts'
import { type Connection, NO_CONNECTION } from './connection.ts'
import type { FeedDeps } from './feed.ts'
import { createFeeds } from './feeds.ts'
import { createFileRoutes, createSending, type FileServing } from './files/routes.ts'
import { createHostCheck } from './hosts.ts'
import { parseQuery } from './input.ts'
import type { Metrics } from './metrics.ts'
import { createOperationRoutes } from './operations.ts'
import { createOwnRoutes, type OwnRoutesDeps } from './own-routes.ts'
import { createRequestIds } from './request-id.ts'
import { createRouter, type Exchange, type FindActor, fail, type Route } from './route.ts'
import { createStreamRoutes } from './stream.ts'
import { createSwarmRoutes } from './swarm/routes.ts'
import type { SwarmSource } from './swarm/swarm-source.ts'
import { createTickets } from './tickets.ts'

export interface HttpAppDeps extends Omit<OwnRoutesDeps, 'bodyLimitBytes'> {
  /** @throws AppError unauthorized */
  readonly authenticate: (request: {
    readonly headers: Headers
    peer(): string | undefined
    readonly trace: Trace
  }) => Promise<Actor>
  /** Whether the token behind an actor is still valid: streams end with it. */
  readonly isLive?: (actor: Actor) => Promise<boolean>
  readonly events: EventHub
  readonly findJob: FeedDeps['findJob']
  /** What of a job object an actor may see; all of it by default. */
  readonly viewJob?: FeedDeps['view']
  readonly settings: {
    readonly body_limit: number
    readonly hosts: readonly string[]
    /** Address that is listened on. */
    readonly boundHost: string
  }
  readonly log: Log
  readonly metrics: Metrics
  /** Uploaded files stand here while their call lasts. */
  readonly uploadsDir: string
  readonly clock: Clock
  /** Kinds of jobs on the streams of one area. */
  readonly streamKinds?: { readonly import: readonly string[]; readonly models: readonly string[] }
  /** What `/v1/models/download` and the chunk routes serve; without it there are no such routes. */
  readonly files?: FileServing | undefined
  /** The same files in SwarmUI's dialect; without it, or without `files`, there are no such routes. */
  readonly swarm?: SwarmSource | undefined
  readonly heartbeatMs?: number
  readonly bodySilenceMs?: number
}

export interface HttpApp {
  /** Answers a request; never throws. */
  fetch(request: Request, connection?: Connection): Promise<Response>
  /** Ends streams and WebSockets after what waits in them; other requests go on. */
  endStreams(): void
}

const STREAM_KINDS = {
  import: ['import'],
  models: ['scan', 'verify', 'download', 'check_downloads', 'download_missing'],
}

export function createHttpApp(deps: HttpAppDeps): HttpApp {
  const { log, metrics, settings } = deps
  const checkHost = createHostCheck(settings)
  const requestIdOf = createRequestIds()
  const tickets = createTickets(deps.clock)
  const feeds = createFeeds({
    events: deps.events,
    findJob: deps.findJob,
    view: deps.viewJob,
    isLive: deps.isLive,
    heartbeatMs: deps.heartbeatMs,
    log,
  })
  const streams = createStreamRoutes({ feeds, tickets, log, kinds: deps.streamKinds ?? STREAM_KINDS })
  let inFlight = 0
  metrics.addGauge('airkeep_http_requests_in_flight', 'Requests being answered', () => inFlight)
  metrics.addGauge('airkeep_http_streams_open', 'Open event streams', () => feeds.count)

  const findActor: FindActor = async ({ request, connection, query, requestId }, { access }) => {
    const ticket = access === 'stream' && query !== '' ? parseQuery(query).ticket : undefined
    if (ticket === undefined) {
      const trace = { request_id: requestId }
      return deps.authenticate({ headers: request.headers, peer: connection.peer, trace })
    }
    const actor = typeof ticket === 'string' ? tickets.take(ticket) : undefined
    if (actor !== undefined && (await deps.isLive?.(actor)) !== false) return actor
    throw new AppError('unauthorized', 'The ticket is not valid', {
      hint: 'A ticket opens one stream within 60 seconds: POST /v1/stream-tickets gives another',
    })
  }

  const route = createRouter(
    [
      ...createOperationRoutes({
        operations: deps.operations,
        bodyLimitBytes: settings.body_limit,
        uploadsDir: deps.uploadsDir,
        bodySilenceMs: deps.bodySilenceMs,
      }),
      ...streams.routes,
      ...createOwnRoutes({ ...deps, bodyLimitBytes: settings.body_limit }),
      ...createModelRoutes(deps),
    ],
    findActor,
  )

  async function answer(exchange: Exchange): Promise<Response> {
    try {
      checkHost(exchange.request.headers)
      refuseTokenInQuery(exchange.query)
      return await route(exchange)
    } catch (error) {
      return fail(exchange, error)
    }
  }

  function account(exchange: Exchange, { status }: Response, ms: number): void {
    const { request, requestId, path, actor, failure } = exchange
    metrics.observeRequest(request.method, exchange.route, status, ms / 1000)
    if (status >= 500) log.error({ request_id: requestId, err: failure }, 'A request failed')
    log.info(
      {
        request_id: requestId,
        method: request.method,
        path: path.length > 500 ? path.slice(0, 500) : path,
        status,
        ms: Math.round(ms * 100) / 100,
        actor: actor?.name,
      },
      'request',
    )
  }

  return {
    async fetch(request, connection = NO_CONNECTION) {
      const started = performance.now()
      inFlight += 1
      const exchange: Exchange = {
        request,
        connection,
        requestId: requestIdOf(request.headers),
        ...splitUrl(request.url),
        params: {},
        route: 'none',
        actor: undefined,
        failure: undefined,
      }
      const response = await answer(exchange)
      inFlight -= 1
      account(exchange, response, performance.now() - started)
      return response
    },
    endStreams: () => streams.end(),
  }
}

function createModelRoutes({ files, swarm, settings, ...deps }: HttpAppDeps): Route[] {
  if (files === undefined) return []
  const sending = createSending({ ...files, ...deps })
  const routes = createFileRoutes({ source: files.source, sending })
  if (swarm === undefined) return routes
  const { authenticate, isLive, clock, version } = deps
  const access = { authenticate, isLive, clock, bodyLimitBytes: settings.body_limit }
  return [...routes, ...createSwarmRoutes({ source: swarm, sending, version, ...access })]
}

/** URLs end in logs and histories: no route takes a token there. */
function refuseTokenInQuery(query: string): void {
  if (query === '' || !/(?:^|&)(?:access_)?token=/i.test(query)) return
  throw new AppError('unauthorized', 'A token in a URL is refused', {
    hint: 'Send it as Authorization: Bearer; a browser opens streams with a ticket from POST /v1/stream-tickets',
  })
}

/** Without parsing it: the path as written, with its encoding. */
function splitUrl(url: string): { path: string; query: string } {
  const scheme = url.indexOf('://')
  const start = scheme === -1 ? 0 : url.indexOf('/', scheme + 3)
  const mark = url.indexOf('?', start)
  const path = url.slice(start, mark === -1 ? undefined : mark)
  return { path, query: mark === -1 ? '' : url.slice(mark + 1) }
}
