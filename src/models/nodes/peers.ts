import { AppError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { GuardedFetch } from '../../net/fetch.ts'
import type { Offer, SourceRef, WantedModel } from '../fetch/wanted.ts'
import { createAirkeepFile } from './airkeep-file.ts'
import type { NodeFileSource } from './node-file.ts'
import type { PeerHealth } from './peer-health.ts'
import type { PeerMatch } from './peer-index.ts'
import { createPeerList, type PeerFailure, type PeerNode } from './peer-list.ts'
import { PEER_MATCHES, type PeerMatchKind } from './peer-match.ts'
import { toOffer } from './peer-offer.ts'
import { createPeerTable } from './peer-registry.ts'
import type { PeerAsk } from './peer-request.ts'
import { describePeer, type PeerState } from './peer-state.ts'
import type { NodeStore } from './store.ts'
import { createSwarmFile } from './swarm-file.ts'

/** A node that has the model and hands out nothing: a plain SwarmUI. */
export interface PeerSighting {
  readonly node: string
  /** As it is listed there. */
  readonly name: string
  readonly matched_by: PeerMatchKind
}

export interface PeerAnswer {
  /**
   * What is best proven, of all nodes: by digest, else by Civitai's version, else by name. By version or name they may
   * be different files: then nothing tells which of them is meant.
   */
  readonly offers: readonly Offer[]
  /** Nodes that could not be asked, or not for all that they have. */
  readonly failures: readonly PeerFailure[]
  /** Those of them that are not asked until the owner adds them again: whether they have the model is not known. */
  readonly distrusted: readonly PeerFailure[]
  readonly sightings: readonly PeerSighting[]
}

type NodeRef = Extract<SourceRef, { kind: 'node' }>

/** The other hosts that models may be fetched from, all asked at once. */
export interface Peers {
  /**
   * No node is waited for longer than a few seconds, and one that failed is left alone for a minute; one whose key or
   * signature is wrong for good.
   * @throws the signal's reason
   */
  find(wanted: WantedModel, ask: PeerAsk): Promise<PeerAnswer>
  /** Every node that has this very file. @throws the signal's reason */
  locate(sha256: string, ask: PeerAsk): Promise<readonly Offer[]>
  /** @throws AppError not_found: the node was removed; conflict: it is not who it was */
  source(ref: NodeRef): Promise<NodeFileSource>
  /** How it stands with each node; asks none of them. */
  describe(): Promise<readonly PeerState[]>
  /** Gives up what still goes on in the background. */
  close(): void
}

export interface PeersDeps {
  readonly nodes: Pick<NodeStore, 'all' | 'tokenOf' | 'pin'>
  readonly fetch: GuardedFetch
  readonly clock: Clock
  readonly log: Log
  /** `CivitAI.AllowedRemoteNodes`: URLs of nodes that are asked without a token and held to no key. */
  readonly allowedRemoteNodes: readonly string[]
  /** How long one node is waited for. */
  readonly answerWithinMs?: number
}

interface Found {
  readonly node: string
  readonly matches: readonly PeerMatch[]
  readonly failure?: string | undefined
  readonly isDistrusted?: boolean
}

export function createPeers({
  nodes,
  fetch,
  clock,
  log,
  allowedRemoteNodes,
  answerWithinMs = 4_000,
}: PeersDeps): Peers {
  const list = createPeerList({ nodes, allowedRemoteNodes })
  const table = createPeerTable({ fetch, clock, answerWithinMs })

  async function askOne(node: PeerNode, wanted: WantedModel, ask: PeerAsk): Promise<Found> {
    const known = table.get(node)
    const failed = (failure: string): Found => ({
      ...{ node: node.name, matches: [], failure },
      isDistrusted: known.health.isUntrusted,
    })
    const failure = known.health.failure()
    if (failure !== undefined) return failed(failure)
    try {
      const { indexes, late } = await known.look(wanted, ask)
      return { node: node.name, matches: indexes.flatMap((index) => index.find(wanted)), failure: late }
    } catch (error) {
      ask.signal.throwIfAborted()
      const reason = known.health.fail(error)
      log.warn({ ...ask.trace, node: node.name, reason }, 'a node could not be asked for a model')
      return failed(reason)
    }
  }

  async function find(wanted: WantedModel, ask: PeerAsk): Promise<PeerAnswer> {
    ask.signal.throwIfAborted()
    const peers = await list.all()
    table.keepOnly(peers.nodes)
    const found = await Promise.all(peers.nodes.map((node) => askOne(node, wanted, ask)))
    const all = bestProven(found.flatMap(({ node, matches }) => matches.map((match) => ({ node, match }))))
    const reasonsOf = (those: readonly Found[]): readonly PeerFailure[] =>
      those.flatMap(({ node, failure }) => (failure === undefined ? [] : [{ node, reason: failure }]))
    return {
      offers: all.flatMap(({ node, match }) =>
        match.entry.ref === undefined ? [] : [toOffer(node, match.entry.ref, match)],
      ),
      failures: [...peers.failures, ...reasonsOf(found)],
      distrusted: reasonsOf(found.filter(({ isDistrusted }) => isDistrusted === true)),
      sightings: all.flatMap(({ node, match: { entry, matchedBy } }) =>
        entry.ref === undefined ? [{ node, name: entry.name, matched_by: matchedBy }] : [],
      ),
    }
  }

  return {
    find,
    async locate(sha256, ask) {
      const hashes = [{ algorithm: 'sha256' as const, value: sha256 }]
      const { offers } = await find({ type: 'other', hashes, names: [], urls: [], urls_by_caller: false }, ask)
      return offers.filter((offer) => offer.sha256 === sha256)
    },
    async source(ref) {
      const node = await list.find(ref.node)
      const { health, airkeep } = table.get(node)
      const { hash, filename, subtype, name } = ref
      refuseUntrusted(node.name, health)
      const file: NodeFileSource =
        subtype === undefined
          ? createAirkeepFile({ fetch, node, peer: airkeep, sha256: hash })
          : createSwarmFile({ fetch, node, ref: { hash, filename, subtype, ...(name === undefined ? {} : { name }) } })
      return {
        ...file,
        async open(signal) {
          // It may have lost the trust since, while other files were looked for.
          refuseUntrusted(node.name, health)
          return file.open(signal)
        },
      }
    },
    async describe() {
      const peers = await list.all()
      table.keepOnly(peers.nodes)
      return peers.nodes.map((node) => describePeer(node, table.get(node)))
    },
    close: () => table.close(),
  }
}

/** @throws AppError conflict */
function refuseUntrusted(node: string, health: PeerHealth): void {
  const failure = health.failure()
  if (failure === undefined || !health.isUntrusted) return
  throw new AppError('conflict', `Nothing is fetched from ${node}: ${failure}`, {
    hint: 'Where that is meant, remove the node and add it again',
  })
}

const weakness = (kind: PeerMatchKind): number => (kind === 'name' ? 2 : kind === 'civitai_version' ? 1 : 0)

/** Weaker evidence says nothing where there is stronger; the most telling first. */
function bestProven<T extends { readonly match: PeerMatch }>(found: readonly T[]): readonly T[] {
  const best = found.reduce((least, { match }) => Math.min(least, weakness(match.matchedBy)), 2)
  const strength = ({ match }: T): number => PEER_MATCHES.indexOf(match.matchedBy)
  return found.filter(({ match }) => weakness(match.matchedBy) === best).sort((a, b) => strength(a) - strength(b))
}
