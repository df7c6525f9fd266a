import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'

export const isEventStream = ({ headers }: Response): boolean =>
  headers.get('content-type')?.startsWith('text/event-stream') === true

/**
 * Sends an answer that has a body; false, and nothing done, for one that has none. A body that breaks off cuts its
 * connection, and a client that goes away cancels the body. (@hono/node-server 2.1 prints the error of a broken stream,
 * which is how a subscriber that is too slow is let go.)
 */
export function pour({ status, headers, body }: Response, outgoing: ServerResponse): boolean {
  if (body === null) return false
  outgoing.writeHead(status, Object.fromEntries(headers))
  outgoing.flushHeaders()
  pipeline(Readable.fromWeb(body as ReadableStream), outgoing).catch(() => outgoing.destroy())
  return true
}
