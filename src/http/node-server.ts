import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Connection } from './connection.ts'
import { isEventStream, pour } from './node-event-stream.ts'
import { type AfterAnswers, onUpgrade } from './node-upgrade.ts'
import { IDLE_SECONDS, type RuntimeServer, type RuntimeServerOptions } from './runtime-server.ts'
import { openWebSocket } from './websocket.ts'

/**
 * Requests that one connection may send before it has the answer to the first. node:http takes whatever has arrived and
 * holds the answers until they can be sent: without a bound a client that reads none of them fills the memory.
 */
const MAX_SENT_AHEAD = 64

/** Serves over node:http. @throws system errors of listening */
export async function startNodeServer({ host, port, fetch }: RuntimeServerOptions): Promise<RuntimeServer> {
  /** Every connection, with the number of answers under way on it; a WebSocket counts as one that never ends. */
  const connections = new Map<Socket, number>()
  const upgrades = new WeakMap<IncomingMessage, Buffer>()
  /** What waits until the answers under way on its connection are sent. */
  const held = new WeakMap<Socket, () => void>()
  let draining = false

  const answer = getRequestListener(
    async (request, env) => {
      const { incoming, outgoing } = env as HttpBindings
      // What makes a Request of it looks at the Host in passing; the body of one that is no name would throw.
      if (!URL.canParse(request.url)) return new Response(null, { status: 400 })
      let keptOpen = false
      let upgraded = false
      let cutOnError = false
      const connection: Connection = {
        peer: () => incoming.socket.remoteAddress,
        keepOpen() {
          keptOpen = true
          incoming.socket.setTimeout(0)
        },
        upgrade(handler) {
          const head = upgrades.get(incoming)
          upgraded = head !== undefined && openWebSocket({ incoming, outgoing, head, handler })
          return upgraded
        },
        cutOnError() {
          cutOnError = true
        },
      }
      const response = await fetch(request, connection)
      if (upgraded) return RESPONSE_ALREADY_SENT
      if (keptOpen && !isEventStream(response)) incoming.socket.setTimeout(IDLE_SECONDS * 1000)
      if ((cutOnError || (keptOpen && isEventStream(response))) && pour(response, outgoing))
        return RESPONSE_ALREADY_SENT
      return response
    },
    // A request of HTTP/1.0 need not name a host; the app refuses it itself then.
    { hostname: 'localhost' },
  )

  function take(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { socket } = incoming
    const answers = (connections.get(socket) ?? 0) + 1
    if (answers > MAX_SENT_AHEAD) {
      socket.destroy()
      return
    }
    connections.set(socket, answers)
    outgoing.once('close', () => {
      const left = (connections.get(socket) ?? 1) - 1
      if (connections.has(socket)) connections.set(socket, left)
      if (left > 0) return
      if (draining) socket.destroySoon()
      const go = held.get(socket)
      held.delete(socket)
      go?.()
    })
    // An answer that broke off: its connection is gone, and there is nobody to tell.
    outgoing.on('error', () => {})
    announceNoBody(incoming)
    void answer(incoming, outgoing)
  }

  const idleMs = IDLE_SECONDS * 1000
  // An upload may take hours: silence ends it, not the time it takes.
  const server = createServer({ keepAliveTimeout: idleMs, headersTimeout: idleMs, requestTimeout: 0 })
  server.setTimeout(idleMs)
  server.on('connection', (socket) => {
    // One that was handed back by an upgrade comes again.
    if (!connections.has(socket)) socket.once('close', () => connections.delete(socket))
    connections.set(socket, 0)
  })
  server.on('request', take)
  const afterAnswers: AfterAnswers = (socket, go) => {
    if ((connections.get(socket) ?? 0) === 0) go()
    else held.set(socket, go)
  }
  onUpgrade(server, afterAnswers, (incoming, outgoing, head) => {
    upgrades.set(incoming, head)
    take(incoming, outgoing)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    drain() {
      draining = true
      const closed = new Promise<void>((resolve) => {
        // Not http.Server's own close: it also cuts connections whose answer is complete but not yet sent.
        NetServer.prototype.close.call(server, () => resolve())
      })
      for (const [socket, answers] of connections) if (answers === 0) socket.destroySoon()
      return closed
    },
    async cutOff() {
      for (const socket of connections.keys()) socket.destroy()
    },
  }
}

/** What announces no body has none (RFC 9112, 6.3); the request that is made of it would have an empty one. */
function announceNoBody({ headers, rawHeaders }: IncomingMessage): void {
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return
  headers['content-length'] = '0'
  rawHeaders.push('Content-Length', '0')
}
