import { existsSync } from 'node:fs'
import type { Connection, FileHead, FilePart, Socket, SocketHandler } from './connection.ts'
import {
  IDLE_SECONDS,
  MAX_SOCKET_BACKLOG_BYTES,
  MAX_SOCKET_MESSAGE_BYTES,
  type RuntimeServer,
  type RuntimeServerOptions,
} from './runtime-server.ts'

/** Serves over Bun's own server: the one file of this folder that knows Bun. @throws system errors of listening */
export async function startBunServer({ host, port, fetch }: RuntimeServerOptions): Promise<RuntimeServer> {
  const server = Bun.serve<SocketHandler, never>({
    hostname: host,
    port,
    // Bodies have limits of their own, whose refusals say why: Bun's is an empty answer.
    maxRequestBodySize: Number.POSITIVE_INFINITY,
    idleTimeout: IDLE_SECONDS,
    development: false,
    // Bun 1.4.5 shares the port with whoever else asks for it as soon as `development` is off.
    reusePort: false,
    async fetch(request, server) {
      let keptOpen = false
      const connection: Connection = {
        peer: () => server.requestIP(request)?.address,
        keepOpen() {
          keptOpen = true
          server.timeout(request, 0)
        },
        upgrade: (handler) => server.upgrade(request, { data: handler }),
        sendFile: (part, head) => sendFile(request, part, head),
        // There is no event for it; the address is known as long as the answer is under way.
        isOver: () => server.requestIP(request) === null,
      }
      const response = await fetch(request, connection)
      if (keptOpen) limitAgain(response, () => server.timeout(request, IDLE_SECONDS))
      return response
    },
    websocket: {
      maxPayloadLength: MAX_SOCKET_MESSAGE_BYTES,
      backpressureLimit: MAX_SOCKET_BACKLOG_BYTES,
      closeOnBackpressureLimit: true,
      open: (ws) => ws.data.open(toSocket(ws)),
      message: (ws, message) => ws.data.message(typeof message === 'string' ? message : message.toString('utf8')),
      drain: (ws) => ws.data.drain(),
      close: (ws) => ws.data.close(),
    },
  })
  return {
    port: server.port ?? port,
    drain: () => server.stop(),
    cutOff: () => server.stop(true),
  }
}

/** Bun 1.4.5 would let the connection be silent for ever after this answer, whatever comes or does not come next. */
function limitAgain({ headers }: Response, limit: () => void): void {
  if (headers.get('content-type')?.startsWith('text/event-stream') === true) headers.set('connection', 'close')
  else limit()
}

/**
 * Bun sends a part of a file with sendfile(2), if it is large. Its quirks (1.4.5): it opens a path itself, and only then
 * gives a part its right length, hence the path of what is open; it applies the request's Range to a whole file, whatever
 * the answer says; and after a file that has become shorter it goes on with the connection as if all had been sent.
 */
function sendFile(request: Request, { fd, start, end }: FilePart, { status, headers }: FileHead): Response | undefined {
  const path = `/proc/self/fd/${fd}`
  if ((status === 200 && request.headers.has('range')) || !existsSync(path)) return undefined
  return new Response(Bun.file(path).slice(start, end), { status, headers: { ...headers, connection: 'close' } })
}

const toSocket = (ws: Bun.ServerWebSocket<SocketHandler>): Socket => ({
  send: (text) => void ws.send(text),
  buffered: () => ws.getBufferedAmount(),
  close: (code, reason) => ws.close(code, reason),
})
