import type { HttpApp } from './server.ts'

/** What a runtime's own server has to do for `listen`. There is one of Bun and one of Node. */
export interface RuntimeServer {
  /** The port that was bound. */
  readonly port: number
  /** Takes no further connections and resolves when those that have work have ended. */
  drain(): Promise<void>
  /** Cuts every connection off. May come in the middle of {@link drain}. */
  cutOff(): Promise<void>
}

export interface RuntimeServerOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly fetch: HttpApp['fetch']
}

/** Silence that ends a connection; requests that take long lift it for themselves. */
export const IDLE_SECONDS = 30

export const MAX_SOCKET_MESSAGE_BYTES = 16 * 1024

/** A WebSocket whose other end takes nothing is closed when so much waits for it. */
export const MAX_SOCKET_BACKLOG_BYTES = 16 * 2 ** 20
