import { createHash } from 'node:crypto'
import type { Clock } from '../../lib/clock.ts'
import { createSecret } from '../../lib/id.ts'
import type { Actor } from '../../operation/permission.ts'

/** How long a session may go unused. */
export const SESSION_IDLE_MS = 6 * 3_600_000

/** Sessions of one actor; past it the one that was used least recently goes: most clients ask for one at each start. */
export const MAX_SESSIONS_EACH = 32

/** Of all actors together. */
const MAX_SESSIONS = 4_096

/** Who SwarmUI's session ids belong to. They are kept in memory, as digests, and end with this process. */
export interface Sessions {
  /** A new id: 256 random bits. */
  open(actor: Actor): string
  /** Undefined where it is unknown or was not used for too long. Counts as a use. */
  find(id: string): Actor | undefined
  end(id: string): void
}

export function createSessions(clock: Clock): Sessions {
  /** What was used least recently stands first. */
  const sessions = new Map<string, { readonly actor: Actor; readonly usedAt: number }>()
  const digestOf = (id: string): string => createHash('sha256').update(id).digest('hex')

  function dropOld(): void {
    const now = clock.now()
    for (const [digest, { usedAt }] of sessions) {
      if (now - usedAt < SESSION_IDLE_MS && sessions.size < MAX_SESSIONS) return
      sessions.delete(digest)
    }
  }

  function makeRoomFor(actor: Actor): void {
    dropOld()
    const own = [...sessions].filter(([, session]) => session.actor === actor)
    for (const [digest] of own.slice(0, Math.max(0, own.length + 1 - MAX_SESSIONS_EACH))) sessions.delete(digest)
  }

  return {
    open(actor) {
      makeRoomFor(actor)
      const id = createSecret()
      sessions.set(digestOf(id), { actor, usedAt: clock.now() })
      return id
    },
    find(id) {
      const digest = digestOf(id)
      const session = sessions.get(digest)
      sessions.delete(digest)
      const now = clock.now()
      if (session === undefined || now - session.usedAt >= SESSION_IDLE_MS) return undefined
      sessions.set(digest, { actor: session.actor, usedAt: now })
      return session.actor
    },
    end: (id) => void sessions.delete(digestOf(id)),
  }
}
