import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SocketHandler } from './connection.ts'
import { MAX_SOCKET_BACKLOG_BYTES, MAX_SOCKET_MESSAGE_BYTES } from './runtime-server.ts'
import { createFrameReader, encodeFrame, FrameError, OPCODE, type Opcode } from './websocket-frames.ts'

const SILENCE_MS = 60_000

/** For the other end to answer that it closes too. */
const CLOSING_MS = 2_000

/** RFC 6455, 1.3 */
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export interface WebSocketOptions {
  readonly incoming: IncomingMessage
  /** Lets go of the connection when it becomes a WebSocket. */
  readonly outgoing: ServerResponse
  /** What came after the head of the request. */
  readonly head: Buffer
  readonly handler: SocketHandler
  /** After so much silence the other end is asked for a sign of life; after as much again it is given up. */
  readonly silenceMs?: number
}

/**
 * Answers the handshake and makes a WebSocket of the connection; false, and nothing done, where the handshake is not
 * whole. (Bun has this in its server, Node has not.)
 */
export function openWebSocket(options: WebSocketOptions): boolean {
  const { incoming, outgoing, head, handler, silenceMs = SILENCE_MS } = options
  const { socket, headers, method } = incoming
  const key = headers['sec-websocket-key']
  const whole = method === 'GET' && headers['sec-websocket-version'] === '13'
  if (!whole || key === undefined || !/^[A-Za-z0-9+/]{22}==$/.test(key)) return false
  outgoing.detachSocket(socket)

  let closing = false
  let asked = false
  const send = (opcode: Opcode, payload: Uint8Array): void => {
    if (!socket.writable) return
    if (socket.writableLength > MAX_SOCKET_BACKLOG_BYTES) socket.destroy()
    else socket.write(encodeFrame(opcode, payload))
  }
  const close = (code: number, reason: string): void => {
    if (closing) return
    closing = true
    const status = Buffer.alloc(2)
    status.writeUInt16BE(code)
    send(OPCODE.close, Buffer.concat([status, Buffer.from(reason)]))
    const timer = setTimeout(() => socket.destroy(), CLOSING_MS)
    socket.once('close', () => clearTimeout(timer))
  }
  const read = createFrameReader(
    {
      message(text) {
        if (!closing) handler.message(text)
      },
      ping: (payload) => send(OPCODE.pong, payload),
      close() {
        close(1000, '')
        socket.end()
      },
    },
    MAX_SOCKET_MESSAGE_BYTES,
  )
  let broken = false
  const take = (bytes: Buffer): void => {
    asked = false
    if (broken) return
    try {
      read(bytes)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      broken = true
      close(error.closeCode, error.message)
      socket.end()
    }
  }

  const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  socket.setNoDelay(true)
  socket.removeAllListeners('timeout')
  socket.setTimeout(silenceMs)
  socket.on('timeout', () => {
    if (asked) socket.destroy()
    asked = true
    send(OPCODE.ping, Buffer.alloc(0))
  })
  socket.on('data', take)
  socket.on('end', () => socket.end())
  socket.on('drain', () => handler.drain())
  socket.once('close', () => handler.close())
  handler.open({
    send: (text) => send(OPCODE.text, Buffer.from(text)),
    buffered: () => socket.writableLength,
    close,
  })
  if (head.length > 0) take(head)
  return true
}
