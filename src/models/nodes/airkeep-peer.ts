import { AppError, isAppError, toAppError } from '../../errors.ts'
import type { WantedModel } from '../fetch/wanted.ts'
import { MODEL_TYPES } from '../model-file.ts'
import type { VerifiedManifest } from '../serve/verify-manifest.ts'
import { createManifestClient, LIST_MS, type ManifestClient } from './manifest-client.ts'
import { createPatientWork, LATE } from './patient-work.ts'
import type { Look, Peer, PeerDeps } from './peer.ts'
import { fromManifest } from './peer-entry.ts'
import { createPeerIndex, type PeerIndex } from './peer-index.ts'
import { mayBeOfType, tellingHashes } from './peer-match.ts'
import type { PeerAsk } from './peer-request.ts'

export interface AirkeepPeer extends Peer, Omit<ManifestClient, 'list'> {}

/** A change on the other side is seen after this at the latest; asking costs a 304 until then. */
const FRESH_MS = 30_000
/** Questions for one digest each, after which the whole list costs less. */
const MAX_SINGLE = 4

interface Kept {
  readonly index: PeerIndex
  readonly etag: string | undefined
  readonly at: number
}

/** A node of our own protocol. */
export function createAirkeepPeer(deps: PeerDeps): AirkeepPeer {
  const { clock, health, answerWithinMs } = deps
  const client = createManifestClient(deps)
  const work = createPatientWork()
  /** By the types that were asked for; the empty text is all of them. */
  const lists = new Map<string, Kept>()
  let isTooLong = false
  let singles = 0

  /** Remembers what became of it, also when nobody waits any more. */
  async function watched<T>(signal: AbortSignal, doing: () => Promise<T>): Promise<T> {
    try {
      const result = await doing()
      health.succeed()
      return result
    } catch (error) {
      if (toAppError(error).code !== 'payload_too_large' && !signal.aborted) health.fail(error)
      if (health.isUntrusted) lists.clear()
      throw error
    }
  }

  async function single(digest: string, ask: PeerAsk): Promise<VerifiedManifest> {
    const limits = { patienceMs: answerWithinMs, lastsMs: answerWithinMs }
    const answer = await work.run(`digest ${digest}`, limits, ask.signal, (signal) =>
      watched(signal, () => client.ask(digest, { ...ask, signal })),
    )
    if (answer !== LATE) return answer
    throw new AppError('upstream_unavailable', `It did not answer within ${answerWithinMs / 1000} s`)
  }

  async function fetchList(types: string, ask: PeerAsk): Promise<PeerIndex> {
    const kept = lists.get(types)
    const received = await client.list(types, kept?.etag, ask)
    const at = clock.now()
    if (received === undefined && kept !== undefined) {
      lists.set(types, { ...kept, at })
      return kept.index
    }
    const index = await createPeerIndex(received?.manifest.models ?? [], fromManifest)
    lists.set(types, { index, etag: received?.etag, at })
    return index
  }

  async function list(types: string, ask: PeerAsk): Promise<Look> {
    const limits = { patienceMs: answerWithinMs, lastsMs: LIST_MS }
    const before = lists.get(types)
    const index = await work.run(listKey(types), limits, ask.signal, (signal) =>
      watched(signal, () => fetchList(types, { ...ask, signal })),
    )
    if (index !== LATE) return { indexes: [index] }
    // What it had a moment ago it most likely still has; the bytes are checked in any case.
    if (before !== undefined && lists.has(types)) return { indexes: [before.index] }
    return { indexes: [], late: `it did not list its models within ${answerWithinMs / 1000} s; it goes on doing so` }
  }

  async function listFor(wanted: WantedModel, ask: PeerAsk): Promise<Look> {
    const own = MODEL_TYPES.filter((type) => mayBeOfType(wanted.type, type)).join()
    const types = isTooLong ? own : ''
    const kept = lists.get(types)
    if (kept !== undefined && clock.now() - kept.at < FRESH_MS) return { indexes: [kept.index] }
    try {
      return await list(types, ask)
    } catch (error) {
      if (!isAppError(error) || error.code !== 'payload_too_large') throw error
      if (types === own) return { indexes: [], late: 'its list of models is too long to look through' }
      isTooLong = true
      return listFor(wanted, ask)
    }
  }

  return {
    async look(wanted, ask) {
      const digests = fullDigests(wanted)
      const isWorthAList = lists.size > 0 || singles + digests.length > MAX_SINGLE
      if (digests.length === 0 || (isWorthAList && !isTooLong)) {
        const look = await listFor(wanted, ask)
        // It may be long in the making; about one digest the node knows at once.
        if (look.late === undefined || digests.length === 0) return look
      }
      singles += digests.length
      const answers = await Promise.all(digests.map((digest) => single(digest, ask)))
      return { indexes: await Promise.all(answers.map(({ models }) => createPeerIndex(models, fromManifest))) }
    },
    ask: (digest, ask) => watched(ask.signal, () => client.ask(digest, ask)),
    get publicKey() {
      return client.publicKey
    },
    get isVerified() {
      return client.isVerified
    },
    get count() {
      return lists.get('')?.index.count
    },
    get isPreparing() {
      return work.isRunning(listKey(''))
    },
    close: () => work.close(),
  }
}

const listKey = (types: string): string => `list ${types}`

/** Digests that alone decide: what has another one is not the wanted model. */
const fullDigests = (wanted: WantedModel): readonly string[] => [
  ...new Set(
    tellingHashes(wanted)
      .filter(({ algorithm }) => algorithm === 'sha256' || algorithm === 'tensor_sha256')
      .map(({ value }) => value),
  ),
]
