import * as v from 'valibot'
import { AppError } from '../errors.ts'
import type { EventFilter } from '../events/event.ts'
import { toIso } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { jobIdField } from '../operation/fields.ts'
import type { Actor } from '../operation/permission.ts'
import { EVENT_STREAM_HEADERS, toEventStream } from './event-stream.ts'
import type { Feeds } from './feeds.ts'
import { parseQuery } from './input.ts'
import { jsonResponse } from './problem.ts'
import type { Exchange, Route } from './route.ts'
import { createJobSocket, type JobSocket } from './socket.ts'
import type { Tickets } from './tickets.ts'

export interface StreamRoutesDeps {
  readonly feeds: Feeds
  readonly tickets: Tickets
  readonly log: Log
  /** Kinds of jobs on the streams of one area. */
  readonly kinds: { readonly import: readonly string[]; readonly models: readonly string[] }
}

export interface StreamRoutes {
  readonly routes: readonly Route[]
  /** Lets streams and WebSockets send what waits, then ends them. */
  end(): void
}

/** `GET /v1/events`, the same filtered by area or job, their WebSocket, and the tickets with which browsers come. */
export function createStreamRoutes({ feeds, tickets, log, kinds }: StreamRoutesDeps): StreamRoutes {
  const importKinds = new Set(kinds.import)
  const modelKinds = new Set(kinds.models)
  const sockets = new Set<JobSocket>()

  async function stream(exchange: Exchange, actor: Actor, filter: EventFilter): Promise<Response> {
    const { request, requestId, connection } = exchange
    const headers = { ...EVENT_STREAM_HEADERS, 'x-request-id': requestId }
    const after = lastEventId(exchange)
    const feed = await feeds.open({ actor, filter, after })
    if (request.method === 'HEAD') {
      feed.close()
      return new Response(null, { headers })
    }
    connection.keepOpen()
    request.signal.addEventListener('abort', () => feed.close(), { once: true })
    return new Response(toEventStream(feed, log.child({ request_id: requestId })), { headers })
  }

  function upgrade({ connection, requestId }: Exchange, actor: Actor): Response {
    const socket = createJobSocket({
      feeds,
      actor,
      kinds: importKinds,
      requestId,
      onClose: () => sockets.delete(socket),
    })
    if (!connection.upgrade(socket)) {
      throw new AppError('invalid_input', 'This connection cannot become a WebSocket', {
        hint: 'Leave the Upgrade header away to get the same as Server-Sent Events',
      })
    }
    sockets.add(socket)
    return new Response(null)
  }

  const jobsOf = (allowed: ReadonlySet<string> | undefined, exchange: Exchange): EventFilter => {
    const { types, job_id: jobId } = parseQuery(exchange.query)
    return { kinds: narrow(allowed, types), jobId: jobId === undefined ? undefined : parseJobId(jobId) }
  }

  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: '/v1/events',
      access: 'stream',
      handle: (exchange, actor) => stream(exchange, actor, jobsOf(undefined, exchange)),
    },
    {
      method: 'GET',
      path: '/v1/models/events',
      access: 'stream',
      handle: (exchange, actor) => stream(exchange, actor, jobsOf(modelKinds, exchange)),
    },
    {
      method: 'GET',
      path: '/v1/prompts/import/events',
      access: 'stream',
      handle: (exchange, actor) =>
        isUpgrade(exchange.request.headers)
          ? upgrade(exchange, actor)
          : stream(exchange, actor, jobsOf(importKinds, exchange)),
    },
    {
      method: 'GET',
      path: '/v1/prompts/import/{job_id}/events',
      access: 'stream',
      handle: (exchange, actor) =>
        stream(exchange, actor, { kinds: importKinds, jobId: parseJobId(exchange.params.job_id) }),
    },
    {
      method: 'POST',
      path: '/v1/stream-tickets',
      access: 'actor',
      handle({ requestId }, actor) {
        const { ticket, expiresAt } = tickets.issue(actor)
        return jsonResponse({ ticket, expires_at: toIso(expiresAt) }, 201, requestId)
      },
    },
  ]

  return {
    routes,
    end() {
      feeds.endAll()
      for (const socket of sockets) socket.end()
    },
  }
}

const isUpgrade = (headers: Headers): boolean => headers.get('upgrade')?.toLowerCase() === 'websocket'

/** `types=scan,download`: kinds of jobs; `job`, the name of all these events, means every kind. */
function narrow(
  allowed: ReadonlySet<string> | undefined,
  types: string | readonly string[] | undefined,
): ReadonlySet<string> | undefined {
  if (types === undefined) return allowed
  const asked = (typeof types === 'string' ? types.split(',') : types).filter((type) => type !== '')
  if (asked.length === 0 || asked.includes('job')) return allowed
  return new Set(asked.filter((kind) => allowed === undefined || allowed.has(kind)))
}

function parseJobId(text: unknown): string {
  const parsed = v.safeParse(jobIdField, text)
  if (parsed.success) return parsed.output
  const expected = parsed.issues[0].message
  throw new AppError('invalid_input', expected, { errors: [{ path: 'job_id', expected }] })
}

/** From the header that EventSource sends when it comes back, or from the query for those that cannot send it. */
function lastEventId({ request, query }: Exchange): number | undefined {
  const text = request.headers.get('last-event-id') ?? parseQuery(query).last_event_id
  if (text === undefined || text === '') return undefined
  if (typeof text === 'string' && /^\d{1,15}$/.test(text)) return Number(text)
  throw new AppError('invalid_input', 'Last-Event-ID must be an id that this stream sent')
}
