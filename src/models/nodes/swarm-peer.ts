import { isAppError } from '../../errors.ts'
import { createSwarmClient, type SwarmClient } from '../../swarm/client.ts'
import type { SwarmListedModel } from '../../swarm/wire.ts'
import { MODEL_TYPES } from '../model-file.ts'
import { SWARM_SUBTYPES, type SwarmSubtype, subtypeOf } from '../serve/swarm-subtypes.ts'
import { hostOf } from './node-url.ts'
import { createPatientWork, LATE } from './patient-work.ts'
import type { Look, Peer, PeerDeps } from './peer.ts'
import type { PeerEntry, PeerFileRef } from './peer-entry.ts'
import { createPeerIndex, type PeerIndex } from './peer-index.ts'
import { mayBeOfType } from './peer-match.ts'
import { headersFor, type PeerAsk } from './peer-request.ts'

export interface SwarmPeer extends Peer {
  /** Whether it is a SwarmUI at all. @throws AppError */
  greet(ask: PeerAsk): Promise<void>
}

/** There is no ETag to ask with, and a list is long. */
const FRESH_MS = 5 * 60_000
/** The first time a SwarmUI hashes every model of the subtype before it answers. */
const LIST_MS = 30 * 60_000

interface Kept {
  readonly index: PeerIndex
  readonly at: number
}

/** A node that speaks SwarmUI's dialect: it lists its models by subtype. */
export function createSwarmPeer({ fetch, clock, node, health, answerWithinMs }: PeerDeps): SwarmPeer {
  const work = createPatientWork()
  const lists = new Map<SwarmSubtype, Kept>()
  let client: SwarmClient | undefined
  let isGreeted = false

  async function connect(): Promise<SwarmClient> {
    const host = { url: node.url, origin: hostOf(node.url), headers: await headersFor(node, 'swarmui') }
    client ??= createSwarmClient({ fetch, host, connectTimeoutMs: answerWithinMs })
    return client
  }

  async function fetchList(subtype: SwarmSubtype, signal: AbortSignal, { trace }: PeerAsk): Promise<PeerIndex> {
    try {
      const swarm = await connect()
      await swarm.greet({ signal, trace, headersTimeoutMs: answerWithinMs })
      isGreeted = true
      const ask = { signal, trace, headersTimeoutMs: LIST_MS }
      const served = await swarm.getManifest(subtype, ask)
      const models = served ?? (await swarm.listModels(subtype, ask))
      const index = await createPeerIndex(models, (model) => toEntry(model, subtype, served !== undefined))
      lists.set(subtype, { index, at: clock.now() })
      health.succeed()
      return index
    } catch (error) {
      if (!signal.aborted && !(isAppError(error) && error.code === 'payload_too_large')) health.fail(error)
      throw error
    }
  }

  async function list(subtype: SwarmSubtype, ask: PeerAsk): Promise<Look> {
    const kept = lists.get(subtype)
    if (kept !== undefined && clock.now() - kept.at < FRESH_MS) return { indexes: [kept.index] }
    const limits = { patienceMs: answerWithinMs, lastsMs: LIST_MS }
    const index = await work.run(subtype, limits, ask.signal, (signal) => fetchList(subtype, signal, ask))
    if (index !== LATE) return { indexes: [index] }
    if (kept !== undefined) return { indexes: [kept.index] }
    if (!isGreeted) return { indexes: [], late: `it did not answer within ${answerWithinMs / 1000} s` }
    return { indexes: [], late: `it is still preparing the list of its ${subtype} models: try again in some minutes` }
  }

  return {
    async look(wanted, ask) {
      const subtypes = SWARM_SUBTYPES.filter((subtype) =>
        typesOf(subtype).some((type) => mayBeOfType(wanted.type, type)),
      )
      const looks = await Promise.all(subtypes.map((subtype) => list(subtype, ask)))
      return {
        indexes: looks.flatMap(({ indexes }) => indexes),
        late: looks.find(({ late }) => late !== undefined)?.late,
      }
    },
    greet: async ({ signal, trace }) => (await connect()).greet({ signal, trace, headersTimeoutMs: answerWithinMs }),
    get count() {
      return lists.size === 0 ? undefined : [...lists.values()].reduce((sum, { index }) => sum + index.count, 0)
    },
    get isPreparing() {
      return SWARM_SUBTYPES.some((subtype) => work.isRunning(subtype))
    },
    close: () => work.close(),
  }
}

const typesOf = (subtype: SwarmSubtype) => MODEL_TYPES.filter((type) => subtypeOf(type) === subtype)

function toEntry(model: SwarmListedModel, subtype: SwarmSubtype, isServed: boolean): PeerEntry {
  const { name, filename, tensorSha256, fileSha256, license, title, sizeBytes } = model
  return {
    name,
    filename,
    types: typesOf(subtype),
    sizeBytes,
    sha256: fileSha256,
    tensorSha256,
    license,
    title,
    ref: isServed ? toRef(model, subtype) : undefined,
  }
}

/**
 * By the digest where there is one, and by the name where that fails: the fork stumbles over digests as soon as it has
 * models without one, and over names with folders always. Undefined where neither can work.
 */
function toRef(model: SwarmListedModel, subtype: SwarmSubtype): PeerFileRef | undefined {
  const { name, filename, tensorSha256, fileSha256, identifier } = model
  const digest = tensorSha256 === undefined ? undefined : `0x${tensorSha256}`
  const isReachable = !name.includes('/') || fileSha256 !== undefined
  const hash = identifier ?? digest ?? (isReachable ? name : undefined)
  if (hash === undefined) return undefined
  return { hash, filename, subtype, ...(isReachable && hash !== name ? { name } : {}) }
}
