import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'

export interface RawRequest {
  readonly method: string
  readonly path: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The name that a TLS client asked for. */
  readonly servername: string | undefined
}

/** Bytes to send before the connection ends, or a function that does with the socket what it likes. */
export type Answer = string | Uint8Array | ((socket: Socket) => void)

export interface RawServer {
  readonly port: number
  readonly requests: readonly RawRequest[]
  /** Connections made, requests or not. */
  connections(): number
  /** Resolves as soon as every connection is closed. */
  idle(): Promise<void>
  close(): Promise<void>
}

export interface RawServerOptions {
  readonly host?: string
  readonly port?: number
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** A server on which nothing is filled in or put right, so that tests can break HTTP as they please. */
export async function startRawServer(
  answer: (request: RawRequest) => Answer,
  { host = '127.0.0.1', port = 0, tls }: RawServerOptions = {},
): Promise<RawServer> {
  const requests: RawRequest[] = []
  const open = new Set<Socket>()
  let connections = 0
  let whenIdle: (() => void)[] = []

  const serve = (socket: Socket): void => {
    connections += 1
    open.add(socket)
    let received = ''
    socket.on('error', () => {})
    socket.on('close', () => {
      open.delete(socket)
      if (open.size > 0) return
      for (const tell of whenIdle) tell()
      whenIdle = []
    })
    const onData = (data: Buffer): void => {
      received += data.toString('latin1')
      const request = parseRequest(received, tls && (socket as TLSSocket).servername)
      if (request === undefined) return
      socket.off('data', onData)
      socket.resume()
      requests.push(request)
      const reply = answer(request)
      if (typeof reply === 'function') reply(socket)
      else socket.end(reply)
    }
    socket.on('data', onData)
  }

  const server: Server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve)
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    connections: () => connections,
    idle: () => (open.size === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve))),
    close: () => {
      for (const socket of open) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function parseRequest(text: string, servername: string | false | null | undefined): RawRequest | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const [method = '', path = ''] = first.split(' ')
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = text.slice(end + 4)
  if (body.length < Number(headers['content-length'] ?? 0)) return undefined
  return { method, path, headers, body, servername: servername || undefined }
}

/** A plain answer with a length. */
export const ok = (body = 'ok', headers: Readonly<Record<string, string>> = {}): string => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 200 OK\r\n${lines.join('')}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

export const redirect = (location: string, status = 302): string =>
  `HTTP/1.1 ${status} Redirect\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`

/** Writes `chunk` as fast as the reader takes it, for ever or until `limitBytes`; counts what went out. */
export function pour(socket: Socket, chunk: Uint8Array, limitBytes = Number.POSITIVE_INFINITY): { sent(): number } {
  let written = 0
  const go = (): void => {
    while (written < limitBytes && !socket.destroyed) {
      written += chunk.byteLength
      if (!socket.write(chunk)) {
        socket.once('drain', go)
        return
      }
    }
    socket.end()
  }
  go()
  return { sent: () => written }
}
