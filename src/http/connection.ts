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

/** Part of an open regular file: `end` is the first byte that no longer belongs to it. */
export interface FilePart {
  readonly fd: number
  readonly start: number
  readonly end: number
}

/** Of an answer that is such a part; the length is added to it. */
export interface FileHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** The connection that a request came by. */
export interface Connection {
  /** Address of the other end; undefined where it is not known. */
  peer(): string | undefined
  /** From now on silence does not end this request. */
  keepOpen(): void
  /** Makes a WebSocket of it; false where that is not possible. */
  upgrade(handler: SocketHandler): boolean
  /**
   * An answer whose body the kernel sends, with its length; undefined where this one cannot be sent so. The file has to
   * stay open until {@link isOver}. Nothing notices what is written to it meanwhile, except that it became shorter,
   * which cuts the connection off.
   */
  sendFile?(part: FilePart, head: FileHead): Response | undefined
  /** Whether the answer has gone out in full, or nobody is at the other end any more. */
  isOver?(): boolean
  /** From now on a body that fails cuts the connection off, also where the runtime would report the failure instead. */
  cutOnError?(): void
}

/** For requests that were handed over in the process: nobody is known to be at the other end. */
export const NO_CONNECTION: Connection = { peer: () => undefined, keepOpen() {}, upgrade: () => false }
