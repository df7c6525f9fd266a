/** What a route does with a WebSocket. Its methods must not throw. */
export interface SocketHandler {
  open(socket: Socket): void
  message(text: string): void
  /** The other end has taken what was sent: more may follow. */
  drain(): void
  close(): void
}

export interface Socket {
  send(text: string): void
  /** Bytes that the other end has not taken yet. */
  buffered(): number
  close(code: number, reason: string): void
}

/** The connection that a request came by. */
export interface Connection {
  /** Address of the other end; undefined where it is not known. */
  peer(): string | undefined
  /** From now on silence does not end this request. */
  keepOpen(): void
  /** Makes a WebSocket of it; false where that is not possible. */
  upgrade(handler: SocketHandler): boolean
}

/** For requests that were handed over in the process: nobody is known to be at the other end. */
export const NO_CONNECTION: Connection = { peer: () => undefined, keepOpen() {}, upgrade: () => false }
