import { and, asc, count, eq } from 'drizzle-orm'
import type { Audit } from '../../db/audit.ts'
import type { Db, WriteDb } from '../../db/db.ts'
import { AppError } from '../../errors.ts'
import { type Clock, toIso } from '../../lib/clock.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Sealer } from '../../lib/sealed.ts'
import { otherKey } from '../serve/verify-manifest.ts'
import { hostOf } from './node-url.ts'
import { nodesTable } from './table.ts'

export const DIALECTS = ['airkeep', 'swarmui'] as const
export type Dialect = (typeof DIALECTS)[number]

export type NodeRow = typeof nodesTable.$inferSelect

export interface NewNode {
  readonly name: string
  readonly url: string
  readonly dialect: Dialect
  /** `undefined` keeps the one that is stored, null removes it. */
  readonly token: string | null | undefined
  /** To be pinned, where none is. */
  readonly publicKey: string | undefined
}

/** Hosts that models are fetched from, as the owner named them. */
export interface NodeStore {
  find(name: string): Promise<NodeRow | undefined>
  list(limit: number, offset: number): Promise<{ readonly rows: readonly NodeRow[]; readonly count: number }>
  /** Every node, by name. */
  all(): Promise<readonly NodeRow[]>
  /** Hosts with ports: exempt from the private-address rule for requests to these nodes. */
  origins(): Promise<readonly string[]>
  /** The token that this host presents there. @throws AppError conflict: sealed with another key */
  tokenOf(node: NodeRow): Promise<string | undefined>
  /**
   * Adds a node; one of the same name, URL and dialect gets the token and keeps its key.
   * @throws AppError conflict: another URL or dialect under this name, or another key than the pinned one
   */
  add(node: NewNode, actor: string): Promise<NodeRow>
  /** Pins the key of a node that has none yet. @throws AppError not_found, conflict (another key is pinned) */
  pin(name: string, publicKey: string, actor: string): Promise<NodeRow>
  /** @throws AppError not_found */
  remove(name: string, actor: string): Promise<NodeRow>
}

export interface NodeStoreDeps {
  readonly db: Pick<Db, 'read' | 'write'>
  readonly audit: Audit
  readonly clock: Clock
  readonly sealer: Sealer
  readonly instanceId: () => string
}

export function createNodeStore({ db, audit, clock, sealer, instanceId }: NodeStoreDeps): NodeStore {
  const here = () => eq(nodesTable.instanceId, instanceId())
  const named = (name: string) => and(here(), eq(nodesTable.name, name))
  const readOne = async (from: Pick<WriteDb, 'select'>, name: string): Promise<NodeRow | undefined> =>
    (await from.select().from(nodesTable).where(named(name)))[0]
  const all = (): Promise<NodeRow[]> => db.read.select().from(nodesTable).where(here()).orderBy(asc(nodesTable.name))

  /** Writes the row and what the audit log is to say of it. */
  async function put(tx: WriteDb, op: string, actor: string, before: NodeRow | undefined, after: NodeRow) {
    const { instanceId: _instance, name: _name, ...columns } = after
    await tx
      .insert(nodesTable)
      .values(after)
      .onConflictDoUpdate({ target: [nodesTable.instanceId, nodesTable.name], set: columns })
    await record(op, actor, after.name, before, after)
    return after
  }
  const record = (op: string, actor: string, name: string, before?: NodeRow, after?: NodeRow): Promise<void> =>
    audit.record({
      at: clock.now(),
      actor,
      op,
      table: 'nodes',
      rowId: name,
      before: before === undefined ? null : toPublicNode(before),
      after: after === undefined ? null : { ...toPublicNode(after), ...tokenChange(before, after) },
    })

  return {
    find: (name) => readOne(db.read, name),
    all,
    async list(limit, offset) {
      const rows = db.read.select().from(nodesTable).where(here()).orderBy(asc(nodesTable.name))
      const totals = await db.read.select({ count: count() }).from(nodesTable).where(here())
      return { rows: await rows.limit(limit).offset(offset), count: totals[0]?.count ?? 0 }
    },
    async origins() {
      return [...new Set((await all()).map(({ url }) => hostOf(url)))]
    },
    async tokenOf(node) {
      return node.sealedToken === null ? undefined : sealer.open(node.sealedToken, placeOf(node))
    },
    async add({ token, publicKey, ...node }, actor) {
      const id = { instanceId: instanceId(), name: node.name }
      const sealed = typeof token === 'string' ? await sealer.seal(token, placeOf({ ...node, ...id })) : token
      const now = clock.now()
      return db.write(async (tx) => {
        const before = await readOne(tx, node.name)
        if (before !== undefined) ensureSame(before, node)
        if (before?.publicKey && publicKey !== undefined && before.publicKey !== publicKey) {
          throw otherKey(before.publicKey, publicKey)
        }
        const isPinnedNow = publicKey !== undefined && !before?.publicKey
        return put(tx, 'add_node', actor, before, {
          ...id,
          ...node,
          sealedToken: sealed === undefined ? (before?.sealedToken ?? null) : sealed,
          publicKey: before?.publicKey ?? publicKey ?? null,
          pinnedAt: isPinnedNow ? now : (before?.pinnedAt ?? null),
          createdBy: before?.createdBy ?? actor,
          updatedBy: actor,
          onBehalfOf: before?.onBehalfOf ?? null,
          createdAt: before?.createdAt ?? now,
          updatedAt: now,
        })
      })
    },
    async pin(name, publicKey, actor) {
      const now = clock.now()
      return db.write(async (tx) => {
        const before = await readOne(tx, name)
        if (before === undefined) throw unknownNode()
        if (before.publicKey === publicKey) return before
        if (before.publicKey !== null) throw otherKey(before.publicKey, publicKey)
        const change = { publicKey, pinnedAt: now, updatedBy: actor, updatedAt: now }
        return put(tx, 'pin_node', actor, before, { ...before, ...change })
      })
    },
    async remove(name, actor) {
      return db.write(async (tx) => {
        const before = await readOne(tx, name)
        if (before === undefined) throw unknownNode()
        await tx.delete(nodesTable).where(named(name))
        await record('remove_node', actor, name, before)
        return before
      })
    },
  }
}

/** A sealed token opens for this node alone: copied to another's row, it does not go to that one's URL. */
const placeOf = ({ instanceId, name, url }: Pick<NodeRow, 'instanceId' | 'name' | 'url'>): string =>
  `nodes/${instanceId}/${name}/${url}`

/** @throws AppError conflict */
export function ensureSame(
  before: Pick<NodeRow, 'name' | 'url' | 'dialect'>,
  now: Pick<NodeRow, 'url' | 'dialect'>,
): void {
  const what = before.url !== now.url ? `with another URL, ${before.url}` : `that speaks ${before.dialect}`
  if (before.url === now.url && before.dialect === now.dialect) return
  throw new AppError('conflict', `There is a node named ${before.name} already, ${what}`, {
    hint: 'Choose another name, or remove that node first: its key and token belong to it',
  })
}

export const unknownNode = (): AppError =>
  new AppError('not_found', 'Record not found', { hint: 'list_nodes shows the nodes there are' })

/** A node as the outside sees it: of its token only whether there is one. */
export const toPublicNode = (row: NodeRow) => ({
  name: row.name,
  url: row.url,
  dialect: row.dialect,
  public_key: row.publicKey,
  pinned_at: row.pinnedAt === null ? null : toIso(row.pinnedAt),
  has_token: row.sealedToken !== null,
  created_by: row.createdBy,
  updated_by: row.updatedBy,
  on_behalf_of: row.onBehalfOf,
  created_at: toIso(row.createdAt),
  updated_at: toIso(row.updatedAt),
})

/** Otherwise nothing would tell that a token took the place of another. */
const tokenChange = (before: NodeRow | undefined, after: NodeRow): JsonObject =>
  before !== undefined && before.sealedToken !== after.sealedToken ? { token_changed: true } : {}
