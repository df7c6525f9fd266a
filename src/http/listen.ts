import { AppError } from '../errors.ts'
import { formatHost } from '../lib/host.ts'
import type { Connection, Socket, SocketHandler } from './connection.ts'
import type { HttpApp } from './server.ts'
import { UPLOAD_LIMIT_BYTES } from './upload.ts'

export interface ListenOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly app: Pick<HttpApp, 'fetch' | 'endStreams'>
}

export interface Listening {
  /** For clients on this machine: `http://127.0.0.1:7801`. */
  readonly url: string
  readonly port: number
  /**
   * Takes no further connections, ends streams after what waits in them, lets running requests end, and cuts off
   * what is left after `graceMs` (30 s); with `force` at once, also where it is stopping already.
   */
  stop(options: { readonly force: boolean; readonly graceMs?: number }): Promise<void>
}

/** Silence that ends a connection; requests that take long lift it for themselves. */
const IDLE_SECONDS = 30
const GRACE_MS = 30_000
const MAX_SOCKET_MESSAGE_BYTES = 16 * 1024
const MAX_SOCKET_BACKLOG_BYTES = 16 * 2 ** 20

/**
 * Serves over Bun's own server: the one file that knows which server it is.
 * @throws AppError conflict (the port is taken), invalid_input (no such address, no right to the port)
 */
export function listen({ host, port, app }: ListenOptions): Listening {
  const server = serve(host, port, app)
  const bound = server.port ?? port
  let stopped: Promise<void> | undefined
  let cutOff: (() => void) | undefined

  async function stop(graceMs: number): Promise<void> {
    app.endStreams()
    const graceful = server.stop()
    const cut = new Promise<void>((resolve) => {
      cutOff = resolve
    })
    const timer = setTimeout(() => cutOff?.(), graceMs)
    await Promise.race([graceful, cut])
    clearTimeout(timer)
    await server.stop(true)
  }

  return {
    url: `http://${formatHost(reachable(host), bound)}`,
    port: bound,
    stop({ force, graceMs = GRACE_MS }) {
      stopped ??= stop(graceMs)
      if (force) cutOff?.()
      return stopped
    },
  }
}

function serve(host: string, port: number, app: Pick<HttpApp, 'fetch'>) {
  try {
    return Bun.serve<SocketHandler, never>({
      hostname: host,
      port,
      // Bodies have limits of their own; this one must only let the largest pass.
      maxRequestBodySize: UPLOAD_LIMIT_BYTES + 2 ** 20,
      idleTimeout: IDLE_SECONDS,
      development: false,
      // Bun 1.4.5 shares the port with whoever else asks for it as soon as `development` is off.
      reusePort: false,
      fetch(request, server) {
        const connection: Connection = {
          peer: () => server.requestIP(request)?.address,
          keepOpen: () => server.timeout(request, 0),
          upgrade: (handler) => server.upgrade(request, { data: handler }),
        }
        return app.fetch(request, connection)
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
  } catch (cause) {
    throw explain(cause, host, port)
  }
}

const toSocket = (ws: Bun.ServerWebSocket<SocketHandler>): Socket => ({
  send: (text) => void ws.send(text),
  buffered: () => ws.getBufferedAmount(),
  close: (code, reason) => ws.close(code, reason),
})

/** The wildcard addresses are no addresses to connect to. */
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host)

function explain(cause: unknown, host: string, port: number): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  const address = formatHost(host, port)
  if (code === 'EADDRINUSE') {
    return new AppError('conflict', `Could not listen on ${address}: another program listens there`, {
      hint: 'Choose another port with --port; --port 0 picks a free one',
      cause,
    })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new AppError('invalid_input', `Could not listen on ${address}: no right to that port`, {
      hint: 'Ports below 1024 belong to the administrator; choose another with --port',
      cause,
    })
  }
  return new AppError('invalid_input', `Could not listen on ${address}`, {
    hint: '--host takes an address of this machine, such as 127.0.0.1 or 0.0.0.0',
    cause,
  })
}
