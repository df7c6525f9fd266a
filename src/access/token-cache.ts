import { createHash, timingSafeEqual } from 'node:crypto'
import { isNull } from 'drizzle-orm'
import type { Db } from '../db/db.ts'
import type { Clock } from '../lib/clock.ts'
import { type Actor, PERMISSIONS, type Permission } from '../operation/permission.ts'
import { tokensTable } from './table.ts'

/** Name that the token set from outside acts under; no stored token may have it. */
export const ENV_TOKEN_NAME = 'env'

export interface LiveToken {
  /** Row id, undefined for the token set from outside. */
  readonly id: number | undefined
  readonly digest: Buffer
  readonly actor: Actor
}

/** Every token that is valid, by the hex of its digest: what a request is checked against without a query. */
export type Snapshot = ReadonlyMap<string, LiveToken>

export const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * Reads the live tokens. An actor of `previous` is kept where its token still lives (permissions never change), so
 * that whoever holds one can ask by identity whether it is still good.
 */
async function readSnapshot(db: Pick<Db, 'read'>, envToken: string | undefined, previous: Snapshot): Promise<Snapshot> {
  const snapshot = new Map<string, LiveToken>()
  const add = (id: number | undefined, hex: string, name: string, permissions: readonly Permission[]): void => {
    const known = previous.get(hex)
    const actor: Actor = known?.actor ?? { kind: 'token', name, permissions: new Set(permissions) }
    snapshot.set(hex, { id, digest: Buffer.from(hex, 'hex'), actor })
  }
  const rows = await db.read.select().from(tokensTable).where(isNull(tokensTable.revokedAt))
  for (const row of rows) add(row.id, row.digest, row.name, toPermissions(row.permissions))
  if (envToken !== undefined) add(undefined, sha256Hex(envToken), ENV_TOKEN_NAME, ['admin'])
  return snapshot
}

export interface TokenCache {
  /** The live tokens; a promise only where they have to be read. @throws what reading throws */
  current(): Snapshot | Promise<Snapshot>
  /** To be called after every committed change: what was read before it no longer counts. */
  changed(): void
}

export interface TokenCacheDeps {
  readonly db: Pick<Db, 'read'>
  readonly clock: Clock
  readonly envToken: () => Promise<string | undefined>
}

/** How long a revocation on another host of a shared database, or a replaced token file, may go unnoticed. */
const MAX_AGE_MS = 15_000

export function createTokenCache({ db, clock, envToken }: TokenCacheDeps): TokenCache {
  let snapshot: Snapshot = new Map()
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<Snapshot> | undefined
  let changes = 0

  async function read(): Promise<Snapshot> {
    for (;;) {
      const before = changes
      const at = clock.now()
      const next = await readSnapshot(db, await envToken(), snapshot)
      if (before !== changes) continue
      snapshot = next
      readAt = at
      return next
    }
  }

  return {
    current() {
      if (clock.now() - readAt < MAX_AGE_MS) return snapshot
      reading ??= read().finally(() => {
        reading = undefined
      })
      return reading
    },
    changed() {
      changes += 1
      readAt = Number.NEGATIVE_INFINITY
    },
  }
}

/** A permission that this version does not know grants nothing. */
const toPermissions = (stored: readonly unknown[]): Permission[] =>
  PERMISSIONS.filter((permission) => stored.includes(permission))

/**
 * The token behind a presented text. Only digests are compared: where two of them differ says nothing about the
 * token, and the last comparison takes the same time wherever they differ.
 */
export function findToken(snapshot: Snapshot, presented: string): LiveToken | undefined {
  const hex = sha256Hex(presented)
  const found = snapshot.get(hex)
  return found !== undefined && timingSafeEqual(found.digest, Buffer.from(hex, 'hex')) ? found : undefined
}
