import { toIso } from '../../lib/clock.ts'
import type { PeerNode } from './peer-list.ts'
import type { KnownPeer } from './peer-registry.ts'
import type { Dialect } from './store.ts'

/** How it stands with a node. */
export interface PeerState {
  readonly name: string
  readonly url: string
  /** Null: not found out yet. */
  readonly dialect: Dialect | null
  /** `unasked` since this program began; `preparing`: it is making its list. */
  readonly state: 'unasked' | 'ok' | 'preparing' | 'failed'
  readonly reason?: string
  /** Models that it is known to have. */
  readonly models?: number
  readonly checked_at?: string
}

export function describePeer({ name, url }: PeerNode, { health, dialect, count, isPreparing }: KnownPeer): PeerState {
  const { last, checkedAt } = health
  const state = last !== undefined ? 'failed' : isPreparing ? 'preparing' : checkedAt === undefined ? 'unasked' : 'ok'
  return {
    name,
    url,
    dialect: dialect ?? null,
    state,
    ...(last === undefined ? {} : { reason: last }),
    ...(count === undefined ? {} : { models: count }),
    ...(checkedAt === undefined ? {} : { checked_at: toIso(checkedAt) }),
  }
}
