import { AppError } from '../errors.ts'
import { canSee } from '../events/event.ts'
import { type Actor, holds } from '../operation/permission.ts'
import type { JobRow } from './job.ts'
import type { JobStore } from './store.ts'

export interface JobAccess {
  /** The job, if this caller may see it: an unknown and a foreign one give the same answer. @throws AppError not_found */
  visible(id: string, actor: Actor): Promise<JobRow>
  /** Seeing another's job is one thing, ending it another. @throws AppError not_found, forbidden */
  own(id: string, actor: Actor): Promise<JobRow>
}

/**
 * Which jobs of some kinds a caller may look at and change.
 * @param hint where the caller finds the jobs there are
 */
export function createJobAccess(store: JobStore, kinds: readonly string[], hint: string): JobAccess {
  async function visible(id: string, actor: Actor): Promise<JobRow> {
    const row = await store.find(id)
    const isOurs = row !== undefined && kinds.includes(row.kind)
    if (isOurs && canSee(actor, { owner: row.owner, permission: 'models:read' })) return row
    throw new AppError('not_found', 'Record not found', { hint })
  }
  return {
    visible,
    async own(id, actor) {
      const row = await visible(id, actor)
      if (row.owner === actor.name || holds(actor, 'admin')) return row
      throw new AppError('forbidden', 'Only the one who started a job, or admin, may change it')
    },
  }
}
