import { AppError } from '../errors.ts'
import type { AppEvent } from '../events/event.ts'
import type { EventHub } from '../events/hub.ts'
import type { JsonObject } from '../lib/json.ts'
import { isFinal, type JobRow, toPublicJob } from './job.ts'
import type { JobStore } from './store.ts'

export interface FollowOptions {
  readonly signal: AbortSignal
  /** The job object on every change, progress included. */
  readonly onChange?: (view: JsonObject) => void
}

export interface JobFollower {
  /**
   * Waits for the end of a job.
   * @returns the row as it ended
   * @throws AppError not_found; the signal's reason
   */
  follow(id: string, options: FollowOptions): Promise<JobRow>
  close(): void
}

interface Follower {
  readonly onEvent: (event: AppEvent) => void
}

/** One listener for all that is followed: a thousand waiting imports cost no more than one at each event. */
export function createJobFollower({ events, store }: { events: EventHub; store: JobStore }): JobFollower {
  const followers = new Map<string, Set<Follower>>()
  const end = events.subscribe((event) => {
    for (const { onEvent } of followers.get(event.jobId) ?? []) onEvent(event)
  })

  async function find(id: string): Promise<JobRow> {
    const row = await store.find(id)
    if (row === undefined) throw new AppError('not_found', 'Record not found')
    return row
  }

  return {
    follow(id, { signal, onChange }) {
      return new Promise((resolve, reject) => {
        let hasHeard = false
        const follower: Follower = {
          onEvent({ final, data, id: eventId }) {
            hasHeard = true
            onChange?.(data)
            // Only what is stored has ended: the rest was told because it could not be.
            if (final && eventId !== undefined) look()
          },
        }
        const settle = (how: () => void): void => {
          const others = followers.get(id)
          others?.delete(follower)
          if (others?.size === 0) followers.delete(id)
          signal.removeEventListener('abort', stop)
          how()
        }
        const stop = (): void => settle(() => reject(signal.reason))
        /** One that goes on at the moment of its end has not ended. */
        const look = (onFound: (row: JobRow) => void = () => {}): void =>
          void find(id).then(
            (row) => {
              onFound(row)
              if (isFinal(row.status)) settle(() => resolve(row))
            },
            (error: unknown) => settle(() => reject(error)),
          )
        const before = followers.get(id)
        if (before === undefined) followers.set(id, new Set([follower]))
        else before.add(follower)
        signal.addEventListener('abort', stop, { once: true })
        if (signal.aborted) return stop()
        // Asked once it is listened to, so that an end in between is not missed.
        look((row) => {
          // What was stored is older than what was told meanwhile.
          if (!hasHeard) onChange?.(toPublicJob(row))
        })
      })
    },
    close: end,
  }
}
