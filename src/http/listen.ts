import { AppError } from '../errors.ts'
import { formatHost } from '../lib/host.ts'
import type { RuntimeServer, RuntimeServerOptions } from './runtime-server.ts'
import type { HttpApp } from './server.ts'

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

const GRACE_MS = 30_000

/**
 * Serves over the runtime's own server.
 * @throws AppError conflict (the port is taken), invalid_input (no such address, no right to the port)
 */
export async function listen({ host, port, app }: ListenOptions): Promise<Listening> {
  const server = await start({ host, port, fetch: app.fetch }).catch((cause: unknown) => {
    throw explain(cause, host, port)
  })
  let stopped: Promise<void> | undefined
  let cutOff: (() => void) | undefined

  async function stop(graceMs: number): Promise<void> {
    app.endStreams()
    const drained = server.drain()
    const cut = new Promise<void>((resolve) => {
      cutOff = resolve
    })
    const timer = setTimeout(() => cutOff?.(), graceMs)
    await Promise.race([drained, cut])
    clearTimeout(timer)
    await server.cutOff()
  }

  return {
    url: `http://${formatHost(reachable(host), server.port)}`,
    port: server.port,
    stop({ force, graceMs = GRACE_MS }) {
      stopped ??= stop(graceMs)
      if (force) cutOff?.()
      return stopped
    },
  }
}

/** Each runtime loads its own server only. */
async function start(options: RuntimeServerOptions): Promise<RuntimeServer> {
  if (typeof Bun === 'undefined') return (await import('./node-server.ts')).startNodeServer(options)
  return (await import('./bun-server.ts')).startBunServer(options)
}

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
