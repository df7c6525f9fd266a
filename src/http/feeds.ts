import { AppError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import type { Actor } from '../operation/permission.ts'
import { type Feed, type FeedDeps, type FeedOptions, openFeed } from './feed.ts'

export interface Feeds {
  /** @throws AppError not_found, unauthorized: the token was revoked since the actor came */
  open(options: FeedOptions): Promise<Feed>
  /** Ends every feed after what waits in it, and those that are opened from now on at once. */
  endAll(): void
  /** Whether {@link endAll} was called. */
  readonly ended: boolean
  readonly count: number
}

export interface FeedsDeps extends FeedDeps {
  /** Whether the actor's token is still valid; a feed ends with its token. */
  readonly isLive?: ((actor: Actor) => Promise<boolean>) | undefined
  /** Between two signs of life on a silent feed. */
  readonly heartbeatMs?: number | undefined
  readonly log: Log
}

/** Proxies cut what is silent: a sign of life this often keeps a stream through all known ones. */
const HEARTBEAT_MS = 5_000

/** The feeds that are open: one clock for the signs of life of all of them. */
export function createFeeds(deps: FeedsDeps): Feeds {
  const open = new Set<Feed>()
  let timer: ReturnType<typeof setInterval> | undefined
  let ended = false

  async function beat(): Promise<void> {
    for (const feed of [...open]) {
      if ((await deps.isLive?.(feed.actor)) === false) feed.end()
      else feed.wake()
    }
  }

  const forget = (feed: Feed): void => {
    open.delete(feed)
    if (open.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    async open(options) {
      if ((await deps.isLive?.(options.actor)) === false) throw new AppError('unauthorized', 'The token is not valid')
      const feed = await openFeed(deps, options)
      void feed.closed.then(() => forget(feed))
      open.add(feed)
      timer ??= setInterval(() => {
        beat().catch((error: unknown) => deps.log.warn({ err: error }, 'Could not look after the open streams'))
      }, deps.heartbeatMs ?? HEARTBEAT_MS)
      if (ended) feed.end()
      return feed
    },
    endAll() {
      ended = true
      for (const feed of open) feed.end()
    },
    get ended() {
      return ended
    },
    get count() {
      return open.size
    },
  }
}
