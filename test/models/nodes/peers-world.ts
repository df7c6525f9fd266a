import { expect } from 'bun:test'
import { join } from 'node:path'
import { createAudit } from '../../../src/db/audit.ts'
import { silentLog } from '../../../src/lib/log.ts'
import { createSealer } from '../../../src/lib/sealed.ts'
import type { Offer, WantedModel } from '../../../src/models/fetch/wanted.ts'
import { createPeers, type PeerAnswer, type Peers } from '../../../src/models/nodes/peers.ts'
import { createNodeStore, type NewNode, type NodeRow, type NodeStore } from '../../../src/models/nodes/store.ts'
import { createGuardedFetch, type GuardedRequest } from '../../../src/net/fetch.ts'
import { createGuard } from '../../../src/net/guard.ts'
import { type AirkeepNode, startAirkeepNode } from '../../support/airkeep-node.ts'
import { openTempDb } from '../../support/temp-db.ts'
import { createTestClock, type TestClock } from '../../support/track.ts'

/** This host, which asks others. */
export interface PeersWorld extends AsyncDisposable {
  readonly nodes: NodeStore
  readonly clock: TestClock
  readonly peers: Peers
  /** Requests since {@link openPeers}. */
  readonly sent: readonly GuardedRequest[]
  /** As after a restart. */
  openPeers(allowedRemoteNodes?: readonly string[], answerWithinMs?: number): void
  /** Ended with this world. */
  started<T extends AsyncDisposable>(starting: Promise<T>): Promise<T>
  airkeep(id?: string): Promise<AirkeepNode>
  add(name: string, url: string, more?: Partial<NewNode>): Promise<NodeRow>
  find(wanted: Partial<WantedModel>): Promise<PeerAnswer>
  /** Paths of {@link sent}. */
  asked(): string[]
  /** What the download engine would get. */
  fetched(offer: Offer | undefined, range?: string): Promise<Buffer>
}

// Nothing private is allowed beside the nodes themselves.
const guarded = createGuardedFetch({ guard: createGuard({ allowPrivate: [], log: silentLog }), version: '0.0.0' })

export const signal = new AbortController().signal

export const wants = (more: Partial<WantedModel> = {}): WantedModel => ({
  type: 'lora',
  hashes: [],
  names: [],
  urls: [],
  urls_by_caller: false,
  ...more,
})

export const hashed = (
  algorithm: WantedModel['hashes'][number]['algorithm'],
  value: string,
): Pick<WantedModel, 'hashes'> => ({ hashes: [{ algorithm, value }] })

export function refOf(offer: Offer | undefined) {
  if (offer?.ref.kind !== 'node') throw new Error('no offer of a node')
  return offer.ref
}

export async function openPeersWorld(): Promise<PeersWorld> {
  const temp = await openTempDb()
  const clock = createTestClock()
  const nodes = createNodeStore({
    db: temp.db,
    audit: createAudit(temp.db),
    clock,
    sealer: createSealer({ keyFile: join(temp.dir, 'seal-key') }),
    instanceId: () => 'inst_here',
  })
  const open: AsyncDisposable[] = []
  let sent: GuardedRequest[] = []

  function makePeers(allowedRemoteNodes: readonly string[], answerWithinMs: number): Peers {
    const requests: GuardedRequest[] = []
    sent = requests
    const fetch: typeof guarded = (request) => {
      requests.push(request)
      return guarded(request)
    }
    return createPeers({ nodes, fetch, clock, log: silentLog, allowedRemoteNodes, answerWithinMs })
  }
  let peers = makePeers([], 10_000)

  async function started<T extends AsyncDisposable>(starting: Promise<T>): Promise<T> {
    const one = await starting
    open.push(one)
    return one
  }

  return {
    nodes,
    clock,
    get peers() {
      return peers
    },
    get sent() {
      return sent
    },
    openPeers(allowedRemoteNodes = [], answerWithinMs = 10_000) {
      peers.close()
      peers = makePeers(allowedRemoteNodes, answerWithinMs)
    },
    started,
    airkeep: (id) => started(startAirkeepNode(id === undefined ? {} : { id })),
    add: (name, url, more = {}) =>
      nodes.add({ name, url, dialect: 'airkeep', token: undefined, publicKey: undefined, ...more }, 'boss'),
    find: (wanted) => peers.find(wants(wanted), { signal }),
    asked: () => sent.map(({ url }) => String(url).replace(/^http:\/\/[^/]+/, '')),
    async fetched(offer, range) {
      const { url, headers, hosts, allowPrivate = [] } = await (await peers.source(refOf(offer))).open(signal)
      const response = await guarded({
        url,
        headers: { ...headers, ...(range === undefined ? {} : { range }) },
        hosts,
        allowPrivate,
        redirect: 'manual',
      })
      expect(response.status).toBe(range === undefined ? 200 : 206)
      return Buffer.from(await response.bytes())
    },
    async [Symbol.asyncDispose]() {
      peers.close()
      for (const one of open) await one[Symbol.asyncDispose]()
      await temp.close()
    },
  }
}
