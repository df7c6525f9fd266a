import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'

/**
 * Sends an answer that is an event stream; false, and nothing done, for any other. A stream that breaks off cuts its
 * connection, and a client that goes away cancels the stream. (@hono/node-server 2.1 prints the error of a broken
 * stream, which is how a subscriber that is too slow is let go.)
 */
export function pourEventStream({ status, headers, body }: Response, outgoing: ServerResponse): boolean {
  if (headers.get('content-type')?.startsWith('text/event-stream') !== true || body === null) return false
  outgoing.writeHead(status, Object.fromEntries(headers))
  outgoing.flushHeaders()
  pipeline(Readable.fromWeb(body as ReadableStream), outgoing).catch(() => outgoing.destroy())
  return true
}
