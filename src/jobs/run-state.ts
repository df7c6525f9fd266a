import { AppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'

/** The job object as a run has shown it last. */
export interface Shown {
  view: JsonObject
  /** Why it cannot go on for the moment: one plain sentence. */
  waiting?: string | undefined
  /** With what it is to begin anew, where it was cut off for that, and what of it is stored. */
  readonly asked: NewInput[]
  stored: readonly NewInput[]
}

/** What a job is asked to do from now on; pure. */
export type NewInput = (before: JsonObject) => JsonObject

/** Reasons with which a run is aborted. */
export const CANCELLED = new AppError('cancelled', 'Cancelled on request')
export const PAUSED = new AppError('cancelled', 'Paused on request')
export const RESTARTED = new AppError('cancelled', 'Begun anew on request')
export const STOPPED = new AppError('cancelled', 'airkeep is stopping')

/** The job object as callers see it while it runs. */
export const shownView = ({ view, waiting }: Pick<Shown, 'view' | 'waiting'>): JsonObject =>
  waiting === undefined ? view : { ...view, waiting }
