import type { JsonObject } from '../lib/json.ts'
import { type Actor, holds, type Permission } from '../operation/permission.ts'

/** What happened to one job. `data` is the job object exactly as `get_import_job` and its like answer it. */
export interface NewEvent {
  /** SSE `event:` name. */
  readonly type: 'job'
  /** Which jobs these are: `import`, `scan`, `download` … */
  readonly kind: string
  readonly jobId: string
  /** Name of the actor who started the job. */
  readonly owner: string
  /** Whoever holds this (or admin) sees the job besides its owner. */
  readonly permission: Permission
  /** The job has ended: the stream of a single job closes after this. */
  readonly final: boolean
  readonly data: JsonObject
}

/** A state change, kept in the database: `id` is the SSE id and rises in the order of commits. */
export interface DurableEvent extends NewEvent {
  readonly id: number
  readonly at: number
}

/** Progress within a state: no id, never stored, replaced by the next one of the same job. */
export interface TransientEvent extends NewEvent {
  readonly id: undefined
  readonly at: number
}

export type AppEvent = DurableEvent | TransientEvent

/** A job is visible to its owner, to the holders of its permission and to admin. */
export const canSee = (actor: Actor, job: Pick<NewEvent, 'owner' | 'permission'>): boolean =>
  actor.name === job.owner || holds(actor, job.permission)

export interface EventFilter {
  /** Kinds of jobs; all where undefined. */
  readonly kinds?: ReadonlySet<string> | undefined
  readonly jobId?: string | undefined
}

export const matches = (filter: EventFilter, event: Pick<NewEvent, 'kind' | 'jobId'>): boolean =>
  (filter.jobId === undefined || filter.jobId === event.jobId) &&
  (filter.kinds === undefined || filter.kinds.has(event.kind))
