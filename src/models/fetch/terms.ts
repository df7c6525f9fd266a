import { and, eq, inArray, or } from 'drizzle-orm'
import type { Audit } from '../../db/audit.ts'
import type { Db } from '../../db/db.ts'
import type { Clock } from '../../lib/clock.ts'
import { type Actor, holds } from '../../operation/permission.ts'
import { acceptedTermsTable as accepted } from './table.ts'
import type { Offer } from './wanted.ts'

export type TermsRow = typeof accepted.$inferSelect

/** Which terms were accepted on this host. */
export interface Terms {
  /** Accepting again changes nothing. */
  accept(subject: string, note: string | undefined, actor: Actor): Promise<TermsRow>
  /** What the owner or an admin has accepted counts for everybody here, the rest for who accepted it. */
  areAccepted(offer: Offer, actor: Pick<Actor, 'name'>): Promise<boolean>
}

export interface TermsDeps {
  readonly db: Pick<Db, 'read' | 'write'>
  readonly audit: Audit
  readonly clock: Clock
  readonly instanceId: () => string
}

/** In whose name an owner or admin accepts: for all. */
const EVERYBODY = '*'

export function createTerms({ db, audit, clock, instanceId }: TermsDeps): Terms {
  return {
    async accept(subject, note, actor) {
      const row: TermsRow = {
        instanceId: instanceId(),
        subject,
        owner: holds(actor, 'admin') ? EVERYBODY : actor.name,
        note: note ?? null,
        acceptedAt: clock.now(),
      }
      const same = and(
        eq(accepted.instanceId, row.instanceId),
        eq(accepted.subject, subject),
        eq(accepted.owner, row.owner),
      )
      return db.write(async (tx) => {
        const [before] = await tx.select().from(accepted).where(same)
        if (before !== undefined) return before
        await tx.insert(accepted).values(row)
        await audit.record({
          at: row.acceptedAt,
          actor: actor.name,
          op: 'accept_terms',
          table: 'accepted_terms',
          rowId: subject,
          before: null,
          after: { owner: row.owner, note: row.note },
        })
        return row
      })
    },
    async areAccepted(offer, actor) {
      const subjects = subjectsOf(offer)
      if (subjects.length === 0) return false
      const rows = await db.read
        .select({ subject: accepted.subject })
        .from(accepted)
        .where(
          and(
            eq(accepted.instanceId, instanceId()),
            inArray(accepted.subject, subjects),
            or(eq(accepted.owner, EVERYBODY), eq(accepted.owner, actor.name)),
          ),
        )
        .limit(1)
      return rows.length > 0
    },
  }
}

export const versionSubject = (versionId: number): string => `civitai:version:${versionId}`
export const modelSubject = (modelId: number): string => `civitai:model:${modelId}`
export const repositorySubject = (repository: string): string => `huggingface:${repository.toLowerCase()}`

/** Under what the terms of an offer may have been accepted. */
export function subjectsOf({ civitai, ref }: Offer): string[] {
  const ids = civitai === undefined ? [] : [versionSubject(civitai.version_id), modelSubject(civitai.model_id)]
  if (ref.kind === 'civitai') return [...new Set([...ids, versionSubject(ref.version_id)])]
  return ref.kind === 'huggingface' ? [...ids, repositorySubject(ref.repo)] : ids
}
