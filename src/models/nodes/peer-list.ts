import { AppError } from '../../errors.ts'
import { OWNER } from '../../operation/permission.ts'
import { reasonOf } from './greet.ts'
import { hostOf, parseNodeUrl } from './node-url.ts'
import type { Dialect, NodeRow, NodeStore } from './store.ts'

/** A node that may be asked, whoever named it. */
export interface PeerNode {
  /** As it was added; host and port of one that only the settings name. */
  readonly name: string
  readonly url: string
  /** Undefined where nobody said: the node shows it. */
  readonly dialect: Dialect | undefined
  readonly publicKey: string | undefined
  /** As long as this is the same, what was learnt holds: it was not removed or added again and has the same token. */
  readonly identity: string
  /** @throws AppError conflict: sealed with another key */
  token(): Promise<string | undefined>
  /** Holds it to this key from now on; undefined where it is held to none. @throws AppError conflict, not_found */
  readonly pin: ((publicKey: string) => Promise<void>) | undefined
}

export interface PeerFailure {
  readonly node: string
  /** Why nothing can be had of it, as the end of a sentence. */
  readonly reason: string
}

export interface PeerList {
  all(): Promise<{ readonly nodes: readonly PeerNode[]; readonly failures: readonly PeerFailure[] }>
  /** @throws AppError not_found */
  find(name: string): Promise<PeerNode>
}

export interface PeerListDeps {
  readonly nodes: Pick<NodeStore, 'all' | 'tokenOf' | 'pin'>
  /** `CivitAI.AllowedRemoteNodes`: URLs, asked without a token and held to no key. */
  readonly allowedRemoteNodes: readonly string[]
}

const SETTING = 'CivitAI.AllowedRemoteNodes'

export function createPeerList({ nodes, allowedRemoteNodes }: PeerListDeps): PeerList {
  const allowed: PeerNode[] = []
  const failures: PeerFailure[] = []
  for (const text of allowedRemoteNodes) {
    try {
      const url = parseNodeUrl(text.trim())
      if (!allowed.some((node) => node.url === url)) allowed.push(toAllowed(url))
    } catch (error) {
      failures.push({ node: SETTING, reason: reasonOf(error) })
    }
  }

  const toAdded = (row: NodeRow): PeerNode => ({
    name: row.name,
    url: row.url,
    dialect: row.dialect,
    publicKey: row.publicKey ?? undefined,
    identity: JSON.stringify([row.url, row.dialect, addedAt(row), row.sealedToken]),
    token: () => nodes.tokenOf(row),
    pin: async (publicKey) => void (await nodes.pin(row.name, publicKey, OWNER.name)),
  })

  async function all(): Promise<readonly PeerNode[]> {
    const added = (await nodes.all()).map(toAdded)
    const urls = new Set(added.map(({ url }) => url))
    return [...added, ...allowed.filter(({ url }) => !urls.has(url))]
  }

  return {
    all: async () => ({ nodes: await all(), failures }),
    async find(name) {
      const found = (await all()).find((node) => node.name === name)
      if (found !== undefined) return found
      throw new AppError('not_found', `There is no node named ${name} any more`, {
        hint: 'list_nodes shows the nodes there are',
      })
    },
  }
}

/** When the owner has added it, or added it again: pinning its key is neither. */
const addedAt = ({ createdAt, updatedAt, pinnedAt }: NodeRow): number =>
  updatedAt === pinnedAt ? createdAt : updatedAt

const toAllowed = (url: string): PeerNode => ({
  // No added node has a colon in its name.
  name: hostOf(url),
  url,
  dialect: undefined,
  publicKey: undefined,
  identity: url,
  token: async () => undefined,
  pin: undefined,
})
