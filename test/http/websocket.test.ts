import { expect, test } from 'bun:test'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { onUpgrade } from '../../src/http/node-upgrade.ts'
import { openWebSocket } from '../../src/http/websocket.ts'

test('who is silent is asked for a sign of life, and given up without one', async () => {
  const server = createServer()
  const closed = Promise.withResolvers<void>()
  const handler = { open() {}, message() {}, drain() {}, close: closed.resolve }
  onUpgrade(
    server,
    (_socket, go) => go(),
    (incoming, outgoing, head) => {
      expect(openWebSocket({ incoming, outgoing, head, handler, silenceMs: 20 })).toBe(true)
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (data: Buffer) => received.push(data))
  socket.write(
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await new Promise((resolve) => socket.on('close', resolve))
  await closed.promise
  const answer = Buffer.concat(received)
  // The accept value of RFC 6455, 1.3, and after the head one ping.
  expect(answer.toString('latin1')).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n')
  expect(answer.subarray(answer.indexOf('\r\n\r\n') + 4).toString('hex')).toBe('8900')
  server.close()
})
