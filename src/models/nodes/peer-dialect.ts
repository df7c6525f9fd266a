import { AppError, isAppError } from '../../errors.ts'
import { isJsonObject } from '../../lib/json.ts'
import type { GuardedResponse } from '../../net/response.ts'
import type { PeerDeps } from './peer.ts'
import { askPeer, type PeerAsk, refusedBy } from './peer-request.ts'
import type { Dialect } from './store.ts'
import type { SwarmPeer } from './swarm-peer.ts'

/** A digest that no file has. */
const NO_MODEL = '0'.repeat(64)
const MAX_BYTES = 1024 * 1024

const NEITHER = 'It is neither an airkeep nor a SwarmUI'

/**
 * What a node speaks that only the settings name: they do not say it.
 * @throws AppError of why it does not speak our own protocol, where it speaks neither
 */
export async function findDialect(
  { fetch, node, answerWithinMs }: Pick<PeerDeps, 'fetch' | 'node' | 'answerWithinMs'>,
  swarm: Pick<SwarmPeer, 'greet'>,
  ask: PeerAsk,
): Promise<Dialect> {
  const response = await askPeer(fetch, node, 'airkeep', {
    ...ask,
    path: `/v1/models/manifest?hash=${NO_MODEL}`,
    maxBytes: MAX_BYTES,
    connectTimeoutMs: answerWithinMs,
    headersTimeoutMs: answerWithinMs,
  })
  const { status } = response
  if (status === 200 && (await isManifest(response))) return 'airkeep'
  const refusal = status === 200 ? new AppError('upstream_unavailable', NEITHER) : refusedBy(response)
  try {
    await swarm.greet(ask)
    return 'swarmui'
  } catch {
    ask.signal.throwIfAborted()
    throw refusal
  }
}

/** Also what knows no `hash` and lists all that it has, which is not read here. */
async function isManifest(response: GuardedResponse): Promise<boolean> {
  try {
    const json = await response.json()
    return isJsonObject(json) && 'models' in json
  } catch (error) {
    return isAppError(error) && error.code === 'payload_too_large'
  }
}
