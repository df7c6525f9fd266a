import type { Clock } from '../../lib/clock.ts'
import type { GuardedFetch } from '../../net/fetch.ts'
import type { WantedModel } from '../fetch/wanted.ts'
import type { PeerHealth } from './peer-health.ts'
import type { PeerIndex } from './peer-index.ts'
import type { PeerNode } from './peer-list.ts'
import type { PeerAsk } from './peer-request.ts'

/** What a node has of the kind that is wanted, as far as it said so in time. */
export interface Look {
  readonly indexes: readonly PeerIndex[]
  /** Why that may not be all, as the end of a sentence. */
  readonly late?: string | undefined
}

export interface Peer {
  /** @throws AppError of whatever keeps it from being asked; the signal's reason */
  look(wanted: WantedModel, ask: PeerAsk): Promise<Look>
  /** Models that it is known to have. */
  readonly count: number | undefined
  readonly isPreparing: boolean
  close(): void
}

export interface PeerDeps {
  readonly fetch: GuardedFetch
  readonly clock: Clock
  readonly node: PeerNode
  readonly health: PeerHealth
  /** How long a caller waits for one node. */
  readonly answerWithinMs: number
}
