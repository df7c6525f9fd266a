import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export type TakeUpgrade = (incoming: IncomingMessage, outgoing: ServerResponse, head: Buffer) => void

/** Calls `go` when the answers that are under way on the connection are sent; at once where there are none. */
export type AfterAnswers = (socket: Socket, go: () => void) => void

/**
 * Hands requests for a WebSocket to `take`, with an answer for those that become none and with what was sent after
 * the request's head. As soon as anyone listens for upgrades, node:http hands over every request that offers one,
 * without its body; whoever offers another protocol (Java's client offers HTTP/2 on each request, curl on demand) is
 * to be answered as if it had not. node:http does so while requests before it on the connection are unanswered: both
 * wait for those, since a connection has one answer at a time.
 */
export function onUpgrade(server: Server, afterAnswers: AfterAnswers, take: TakeUpgrade): void {
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    // node:http has let go of the connection: its errors are ours now. A close follows each.
    if (!socket.listeners('error').includes(ignore)) socket.on('error', ignore)
    afterAnswers(socket, () => {
      if (socket.writable) handOver(incoming, socket, head)
    })
  })

  function handOver(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    if (incoming.headers.upgrade?.toLowerCase() !== 'websocket') {
      socket.unshift(Buffer.concat([headWithoutUpgrade(incoming), head]))
      server.emit('connection', socket)
      return
    }
    const outgoing = new ServerResponse(incoming)
    outgoing.shouldKeepAlive = false
    try {
      outgoing.assignSocket(socket)
    } catch {
      // An answer that node:http gave of its own accord (no Host, an unknown Expect) is not sent yet: nobody knew of it.
      socket.destroySoon()
      return
    }
    outgoing.once('finish', () => socket.destroySoon())
    take(incoming, outgoing, head)
  }
}

const ignore = (): void => {}

const OFFER = new Set(['upgrade', 'connection', 'http2-settings'])

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (!OFFER.has(rawHeaders[at]?.toLowerCase() ?? '')) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
