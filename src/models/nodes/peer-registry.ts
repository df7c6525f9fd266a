import { AppError } from '../../errors.ts'
import type { WantedModel } from '../fetch/wanted.ts'
import { type AirkeepPeer, createAirkeepPeer } from './airkeep-peer.ts'
import { createPatientWork, LATE } from './patient-work.ts'
import type { Look, PeerDeps } from './peer.ts'
import { findDialect } from './peer-dialect.ts'
import { createPeerHealth, type PeerHealth } from './peer-health.ts'
import type { PeerNode } from './peer-list.ts'
import type { PeerAsk } from './peer-request.ts'
import type { Dialect } from './store.ts'
import { createSwarmPeer } from './swarm-peer.ts'

/** What is known of a node. */
export interface KnownPeer {
  readonly health: PeerHealth
  readonly airkeep: AirkeepPeer
  /** Undefined until it shows. */
  readonly dialect: Dialect | undefined
  readonly count: number | undefined
  readonly isPreparing: boolean
  /** @throws AppError; the signal's reason */
  look(wanted: WantedModel, ask: PeerAsk): Promise<Look>
  close(): void
}

/** What is known of each node, for as long as the node is the same. */
export interface PeerTable {
  get(node: PeerNode): KnownPeer
  /** Forgets all others: they were removed. */
  keepOnly(nodes: readonly PeerNode[]): void
  close(): void
}

export function createPeerTable(deps: Pick<PeerDeps, 'fetch' | 'clock' | 'answerWithinMs'>): PeerTable {
  const peers = new Map<string, { readonly node: PeerNode; readonly known: KnownPeer }>()

  function forget(name: string): void {
    peers.get(name)?.known.close()
    peers.delete(name)
  }

  return {
    get(node) {
      const before = peers.get(node.name)
      if (before !== undefined && isSame(before, node)) return before.known
      forget(node.name)
      const known = createKnownPeer({ ...deps, node })
      peers.set(node.name, { node, known })
      return known
    },
    keepOnly(nodes) {
      const names = new Set(nodes.map(({ name }) => name))
      for (const name of [...peers.keys()]) if (!names.has(name)) forget(name)
    },
    close() {
      for (const name of [...peers.keys()]) forget(name)
    },
  }
}

/** A key that was pinned by asking the node itself changes nothing. */
function isSame({ node, known }: { readonly node: PeerNode; readonly known: KnownPeer }, now: PeerNode): boolean {
  return node.identity === now.identity && (now.publicKey ?? known.airkeep.publicKey) === known.airkeep.publicKey
}

function createKnownPeer(deps: Omit<PeerDeps, 'health'>): KnownPeer {
  const { node, clock, answerWithinMs } = deps
  const health = createPeerHealth(clock)
  const airkeep = createAirkeepPeer({ ...deps, health })
  const swarm = createSwarmPeer({ ...deps, health })
  const work = createPatientWork()
  let { dialect } = node

  async function dialectOf(ask: PeerAsk): Promise<Dialect> {
    if (dialect !== undefined) return dialect
    // Two requests, one after the other.
    const limits = { patienceMs: answerWithinMs, lastsMs: 2 * answerWithinMs }
    const found = await work.run('dialect', limits, ask.signal, (signal) =>
      findDialect(deps, swarm, { ...ask, signal }),
    )
    if (found === LATE) {
      throw new AppError('upstream_unavailable', `It did not answer within ${answerWithinMs / 1000} s`)
    }
    dialect = found
    return found
  }

  return {
    health,
    airkeep,
    get dialect() {
      return dialect
    },
    get count() {
      return dialect === 'swarmui' ? swarm.count : airkeep.count
    },
    get isPreparing() {
      return airkeep.isPreparing || swarm.isPreparing
    },
    look: async (wanted, ask) => ((await dialectOf(ask)) === 'swarmui' ? swarm : airkeep).look(wanted, ask),
    close() {
      for (const part of [airkeep, swarm, work]) part.close()
    },
  }
}
