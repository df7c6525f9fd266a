import type * as v from 'valibot'
import type { AppError } from '../errors.ts'
import { toIso } from '../lib/clock.ts'
import type { JsonObject } from '../lib/json.ts'
import { type Actor, PERMISSIONS, type Permission } from '../operation/permission.ts'
import type { JobStatus, jobsTable } from './table.ts'

export type JobRow = typeof jobsTable.$inferSelect

export interface SaveOptions {
  /** Something was done that stays done: a cut-off after this is not one of those that end in failure. */
  readonly advanced?: boolean
}

/** One run of a job. */
export interface RunningJob<I> {
  readonly id: string
  readonly input: I
  /** When somebody asked for this run, or for going on with it: milliseconds since the epoch. */
  readonly queuedAt: number
  /** The job object as it was stored when this run began. */
  readonly view?: JsonObject
  /** In whose name it acts. */
  readonly actor: Actor
  readonly signal: AbortSignal
  /** A state that callers must not miss: stored, with an event, before this resolves. */
  save(view: JsonObject, options?: SaveOptions): Promise<void>
  /** Progress within a state: shown to whoever listens, never stored. */
  show(view: JsonObject): void
  /**
   * Waits for work that other jobs do: meanwhile this one does not count among those of its kind that run, so that it
   * keeps nobody waiting.
   */
  aside<T>(work: () => Promise<T>): Promise<T>
}

/** How a run ended. What the outside calls the job's status stands in `view`. */
export interface JobEnd {
  readonly status: 'succeeded' | 'failed'
  readonly view: JsonObject
  /** What only the job's owner and admin may see: stored beside the view, and in no event. */
  readonly private?: JsonObject | undefined
}

/** A job that the end of another brings about, in the name of the same actor: both are stored in one commit. */
export interface Sequel {
  readonly kind: string
  readonly input: JsonObject
  readonly view: JsonObject
}

export interface JobKind<I = JsonObject> {
  /** `import`, `scan`, `download` … */
  readonly kind: string
  /** Of its ids: `imp` gives `imp_…`. */
  readonly prefix: string
  /** Whoever holds this sees the job besides its owner. */
  readonly permission: Permission
  /** Runs at once. */
  readonly concurrency: number
  readonly input: v.GenericSchema<unknown, I>
  /** "Make it so", not "do it": a run may follow one that was cut off anywhere. */
  run(job: RunningJob<I>): Promise<JobEnd>
  /** What callers see when a run threw or was cancelled. */
  ended(view: JsonObject, how: 'failed' | 'cancelled', error: AppError): JsonObject
  /** What callers see of an ended job that is queued again: nothing of its end. */
  reopened(view: JsonObject): JsonObject
  /** What callers see while it is paused; a kind without this cannot be. */
  paused?(view: JsonObject): JsonObject
  /** After it was cancelled or has failed, and its run is through: what it has started elsewhere, and nobody else wants, ends. */
  abandoned?(row: JobRow): Promise<void>
  /** What follows each end of a job; pure: it may be asked twice of one end. */
  sequel?(ended: JobRow): Sequel | undefined
}

export const isFinal = (status: JobStatus): boolean =>
  status !== 'queued' && status !== 'running' && status !== 'paused'

/** The job object as every surface answers it. */
export const toPublicJob = (row: JobRow): JsonObject => ({
  job_id: row.id,
  ...row.view,
  ...(row.batchId === null ? {} : { batch_id: row.batchId }),
  created_at: toIso(row.createdAt),
  last_updated: toIso(row.updatedAt),
})

export const toStoredActor = (actor: Actor): JsonObject => ({
  kind: actor.kind,
  name: actor.name,
  permissions: [...actor.permissions],
})

export function fromStoredActor(stored: JsonObject): Actor {
  const held = Array.isArray(stored.permissions) ? stored.permissions : []
  return {
    kind: stored.kind === 'owner' ? 'owner' : 'token',
    name: String(stored.name),
    permissions: new Set(PERMISSIONS.filter((permission) => held.includes(permission))),
  }
}
