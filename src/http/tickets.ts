import { createHash } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { createSecret } from '../lib/id.ts'
import type { Actor } from '../operation/permission.ts'

const LIFETIME_MS = 60_000

/** Tickets that wait to be used; past it the oldest go, so that asking for tickets cannot fill the memory. */
const MAX_WAITING = 10_000

export interface Tickets {
  issue(actor: Actor): { readonly ticket: string; readonly expiresAt: number }
  /** Who the ticket was made for; undefined where it is unknown, used or older than a minute. It is used up by this. */
  take(ticket: string): Actor | undefined
}

/** Lets a browser open a stream: its EventSource and WebSocket cannot send Authorization. */
export function createTickets(clock: Clock): Tickets {
  const waiting = new Map<string, { readonly actor: Actor; readonly expiresAt: number }>()
  const digestOf = (ticket: string): string => createHash('sha256').update(ticket).digest('hex')

  /** All live equally long, so the oldest stand first. */
  const dropOld = (now: number): void => {
    for (const [digest, { expiresAt }] of waiting) {
      if (expiresAt > now && waiting.size < MAX_WAITING) return
      waiting.delete(digest)
    }
  }

  return {
    issue(actor) {
      const now = clock.now()
      dropOld(now)
      const ticket = createSecret()
      const expiresAt = now + LIFETIME_MS
      waiting.set(digestOf(ticket), { actor, expiresAt })
      return { ticket, expiresAt }
    },
    take(ticket) {
      const digest = digestOf(ticket)
      const found = waiting.get(digest)
      waiting.delete(digest)
      return found !== undefined && found.expiresAt > clock.now() ? found.actor : undefined
    },
  }
}
