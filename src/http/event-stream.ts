import type { Log } from '../lib/log.ts'
import type { Feed, FeedItem } from './feed.ts'

const encoder = new TextEncoder()

/** Comes back after 3 s; the comment makes the answer's head go out before anything has happened. */
const OPENING = encoder.encode('retry: 3000\n: connected\n\n')
const HEARTBEAT = encoder.encode(': still here\n\n')
const ENDED = encoder.encode(': end of stream\n\n')

export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
} as const

/**
 * A feed as Server-Sent Events. Nothing is taken from the feed before the connection has room for it, so that a slow
 * reader's backlog waits there, where it is bounded.
 */
export function toEventStream(feed: Feed, log: Log): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(OPENING)
        void feed.closed.then(() => {
          // Cut off, since the connection takes no more; the reader resumes after the last id it got.
          if (feed.overflowed) controller.error(new Error('The subscriber was too slow'))
        })
      },
      async pull(controller) {
        try {
          const items = await feed.next()
          if (items !== undefined) {
            for (const frame of items.length === 0 ? [HEARTBEAT] : items.map(toFrame)) controller.enqueue(frame)
            return
          }
        } catch (error) {
          log.warn({ err: error }, 'A stream broke off')
          feed.close()
          controller.error(error)
          return
        }
        if (feed.overflowed) return
        controller.enqueue(ENDED)
        controller.close()
      },
      cancel() {
        feed.close()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Every subscriber gets the job object of an event itself: its text is made once for all of them. */
const frames = new WeakMap<FeedItem['data'], { readonly id: number | undefined; readonly bytes: Uint8Array }>()

function toFrame({ id, data }: FeedItem): Uint8Array {
  const made = frames.get(data)
  if (made !== undefined && made.id === id) return made.bytes
  const bytes = encoder.encode(`${id === undefined ? '' : `id: ${id}\n`}event: job\ndata: ${JSON.stringify(data)}\n\n`)
  frames.set(data, { id, bytes })
  return bytes
}
