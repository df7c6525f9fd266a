import { and, asc, count, desc, eq, isNull, sql } from 'drizzle-orm'
import type { Audit } from '../db/audit.ts'
import type { Db } from '../db/db.ts'
import { AppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { createSecret } from '../lib/id.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Log, Trace } from '../lib/log.ts'
import { type Actor, PERMISSIONS, type Permission } from '../operation/permission.ts'
import { tokensTable } from './table.ts'
import { createTokenCache, ENV_TOKEN_NAME, findToken, type LiveToken, sha256Hex } from './token-cache.ts'

export type TokenRow = typeof tokensTable.$inferSelect

export interface NewToken {
  readonly name: string
  readonly permissions: readonly Permission[]
  readonly createdBy: string
}

export interface TokenPage {
  readonly revoked: boolean
  readonly limit: number
  readonly offset: number
}

export interface Tokens {
  /**
   * The token's text is returned here and never again.
   * @throws AppError conflict: a token has or had this name, in whatever spelling
   */
  create(entry: NewToken): Promise<{ readonly token: string; readonly row: TokenRow }>
  /** Oldest first; revoked ones only where asked for. `count` is of all pages together. */
  list(page: TokenPage): Promise<{ readonly rows: readonly TokenRow[]; readonly count: number }>
  /** Takes effect before it resolves. @throws AppError not_found, conflict (the token set from outside) */
  revoke(name: string, revokedBy: string): Promise<TokenRow>
  /** Who bears this token; undefined where it is none, or none any more. */
  verify(presented: string, trace?: Trace): Promise<Actor | undefined>
  /** Whether there is any token at all. @throws AppError invalid_input: the token file cannot be read */
  configured(): Promise<boolean>
  /** Whether the token behind an actor of {@link verify} is still valid; the owner always is. */
  isLive(actor: Actor): Promise<boolean>
}

export interface TokensDeps {
  readonly db: Pick<Db, 'read' | 'write'>
  readonly audit: Audit
  readonly clock: Clock
  readonly log: Log
  /** The token set from outside, see createEnvToken. */
  readonly envToken: () => Promise<string | undefined>
}

const USE_RECORDED_EVERY_MS = 3_600_000

export function createTokens({ db, audit, clock, log, envToken }: TokensDeps): Tokens {
  const cache = createTokenCache({ db, clock, envToken })
  const usedAt = new Map<number, number>()

  /** To the hour, beside the request: nobody waits for it, and a failure costs a date in a list. */
  function recordUse({ id }: LiveToken, trace?: Trace): void {
    const now = clock.now()
    if (id === undefined || now - (usedAt.get(id) ?? Number.NEGATIVE_INFINITY) < USE_RECORDED_EVERY_MS) return
    usedAt.set(id, now)
    db.write(async (tx) => {
      await tx.update(tokensTable).set({ lastUsedAt: now }).where(eq(tokensTable.id, id))
    }).catch((error: unknown) => log.debug({ ...trace, err: error }, 'Could not record that a token was used'))
  }

  return {
    async create({ name, permissions, createdBy }) {
      const token = `ak_${createSecret()}`
      const granted = PERMISSIONS.filter((permission) => permissions.includes(permission))
      const at = clock.now()
      const row = await db
        .write(async (tx) => {
          const [taken] = await tx
            .select()
            .from(tokensTable)
            .where(spelledLike(name))
            .orderBy(desc(tokensTable.id))
            .limit(1)
          if (taken !== undefined) throw nameTaken(taken)
          const rows = await tx
            .insert(tokensTable)
            .values({ name, digest: sha256Hex(token), permissions: granted, createdAt: at, createdBy })
            .returning()
          const created = onlyRow(rows)
          await audit.record({
            at,
            actor: createdBy,
            op: 'create_token',
            table: 'tokens',
            rowId: String(created.id),
            before: null,
            after: toAuditView(created),
          })
          return created
        })
        // Also where it failed: the answer to a commit may have been lost.
        .finally(cache.changed)
      return { token, row }
    },
    async list({ revoked, limit, offset }) {
      const where = revoked ? undefined : isNull(tokensTable.revokedAt)
      const rows = db.read.select().from(tokensTable).where(where).orderBy(asc(tokensTable.id))
      const totals = await db.read.select({ count: count() }).from(tokensTable).where(where)
      return { rows: await rows.limit(limit).offset(offset), count: totals[0]?.count ?? 0 }
    },
    async revoke(name, revokedBy) {
      if (name === ENV_TOKEN_NAME) {
        throw new AppError('conflict', 'The token named env was set from outside and cannot be revoked here', {
          hint: 'Take AIRKEEP_TOKEN or AIRKEEP_TOKEN_FILE away and start airkeep again',
        })
      }
      const at = clock.now()
      const row = await db
        .write(async (tx) => {
          const [before] = await tx.select().from(tokensTable).where(liveNamed(name))
          if (before === undefined) {
            throw new AppError('not_found', 'Record not found', { hint: 'There is no token of this name' })
          }
          await tx.update(tokensTable).set({ revokedAt: at }).where(eq(tokensTable.id, before.id))
          const after = { ...before, revokedAt: at }
          await audit.record({
            at,
            actor: revokedBy,
            op: 'revoke_token',
            table: 'tokens',
            rowId: String(before.id),
            before: toAuditView(before),
            after: toAuditView(after),
          })
          return after
        })
        .finally(cache.changed)
      await cache.current()
      return row
    },
    async verify(presented, trace) {
      const found = findToken(await cache.current(), presented)
      if (found !== undefined) recordUse(found, trace)
      return found?.actor
    },
    async configured() {
      return (await cache.current()).size > 0
    },
    async isLive(actor) {
      if (actor.kind === 'owner') return true
      for (const token of (await cache.current()).values()) if (token.actor === actor) return true
      return false
    },
  }
}

/** Names are ASCII, which is what SQLite's lower() knows. */
const spelledLike = (name: string) => eq(sql`lower(${tokensTable.name})`, name.toLowerCase())

/** Of a revoked one too: rows and jobs know their maker by name, and a new token would inherit them. */
function nameTaken({ name, revokedAt }: TokenRow): AppError {
  return revokedAt === null
    ? new AppError('conflict', `There is a token named ${name} already`, { hint: 'Choose another name' })
    : new AppError('conflict', `A token named ${name} was revoked`, {
        hint: 'Choose another name: what that token made goes on carrying its name',
      })
}

const liveNamed = (name: string) => and(eq(tokensTable.name, name), isNull(tokensTable.revokedAt))

function onlyRow(rows: readonly TokenRow[]): TokenRow {
  const [row] = rows
  if (row === undefined) throw new Error('An insert returned no row')
  return row
}

/** Never the digest: the audit log is read by more eyes than the table. */
const toAuditView = (row: TokenRow): JsonObject => ({
  name: row.name,
  permissions: row.permissions,
  created_at: row.createdAt,
  revoked_at: row.revokedAt,
})
