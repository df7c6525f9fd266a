import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export type TakeUpgrade = (incoming: IncomingMessage, outgoing: ServerResponse, head: Buffer) => void

/**
 * Hands requests for a WebSocket to `take`, with an answer for those that become none and with what was sent after
 * the request's head. As soon as anyone listens for upgrades, node:http hands over every request that offers one,
 * without its body; whoever offers another protocol (Java's client offers HTTP/2 on each request, curl on demand) is
 * to be answered as if it had not.
 */
export function onUpgrade(server: Server, take: TakeUpgrade): void {
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    // node:http has let go of the connection: its errors are ours now. A close follows each.
    socket.on('error', () => {})
    if (incoming.headers.upgrade?.toLowerCase() !== 'websocket') {
      socket.unshift(Buffer.concat([headWithoutUpgrade(incoming), head]))
      server.emit('connection', socket)
      return
    }
    const outgoing = new ServerResponse(incoming)
    outgoing.shouldKeepAlive = false
    outgoing.assignSocket(socket)
    outgoing.once('finish', () => socket.destroySoon())
    take(incoming, outgoing, head)
  })
}

const OFFER = new Set(['upgrade', 'connection', 'http2-settings'])

function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (!OFFER.has(rawHeaders[at]?.toLowerCase() ?? '')) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}
