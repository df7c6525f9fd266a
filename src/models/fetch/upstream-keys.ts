import { and, eq } from 'drizzle-orm'
import type { Audit } from '../../db/audit.ts'
import type { Db } from '../../db/db.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Sealer } from '../../lib/sealed.ts'
import type { Actor } from '../../operation/permission.ts'
import { upstreamKeysTable as keys } from './table.ts'

export const PROVIDERS = ['civitai', 'huggingface'] as const
export type Provider = (typeof PROVIDERS)[number]

/** Keys that callers have stored for themselves; they leave here only towards their provider. */
export interface UpstreamKeys {
  /** Null removes it. @throws AppError internal, disk_full (the key file) */
  set(provider: Provider, key: string | null, actor: Actor): Promise<void>
  /** The caller's own key, else the host's where it may be used. @throws AppError conflict: sealed with another key */
  find(provider: Provider, actor: Pick<Actor, 'kind' | 'name'>): Promise<string | undefined>
}

export interface UpstreamKeysDeps {
  readonly db: Pick<Db, 'read' | 'write'>
  readonly audit: Audit
  readonly clock: Clock
  readonly sealer: Sealer
  readonly instanceId: () => string
  /** Of the environment: the owner's, and everybody's where it is shared. */
  readonly hostKeys: Readonly<Record<Provider, string>>
  readonly shareHostKeys: boolean
}

export function createUpstreamKeys(deps: UpstreamKeysDeps): UpstreamKeys {
  const { db, audit, clock, sealer, instanceId, hostKeys, shareHostKeys } = deps
  const placeOf = (owner: string, provider: Provider): string => `keys/${instanceId()}/${owner}/${provider}`
  const isOf = (owner: string, provider: Provider) =>
    and(eq(keys.instanceId, instanceId()), eq(keys.owner, owner), eq(keys.provider, provider))

  return {
    async set(provider, key, actor) {
      const sealedKey = key === null ? null : await sealer.seal(key, placeOf(actor.name, provider))
      const now = clock.now()
      await db.write(async (tx) => {
        const [before] = await tx.select().from(keys).where(isOf(actor.name, provider))
        if (before === undefined && sealedKey === null) return
        await tx.delete(keys).where(isOf(actor.name, provider))
        if (sealedKey !== null) {
          await tx.insert(keys).values({
            instanceId: instanceId(),
            owner: actor.name,
            provider,
            sealedKey,
            createdBy: before?.createdBy ?? actor.name,
            updatedBy: actor.name,
            onBehalfOf: null,
            createdAt: before?.createdAt ?? now,
            updatedAt: now,
          })
        }
        await audit.record({
          at: now,
          actor: actor.name,
          op: 'set_upstream_key',
          table: 'upstream_keys',
          rowId: `${actor.name}/${provider}`,
          // Never the key, not even sealed: the audit log is shown.
          before: before === undefined ? null : { stored: true },
          after: { stored: sealedKey !== null },
        })
      })
    },
    async find(provider, actor) {
      const [own] = await db.read.select().from(keys).where(isOf(actor.name, provider))
      if (own !== undefined) return sealer.open(own.sealedKey, placeOf(actor.name, provider))
      const shared = hostKeys[provider]
      return shared !== '' && (actor.kind === 'owner' || shareHostKeys) ? shared : undefined
    },
  }
}
