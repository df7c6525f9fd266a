import type { Session } from './session.ts'

/** Calls that come one after another share a session; soon after the last one it lets go of the data directory. */
export interface SharedSession {
  /** `started`: the call has left a job behind, and the session stays until no job is left. */
  use<T>(call: (session: Session) => Promise<{ readonly result: T; readonly started: boolean }>): Promise<T>
  close(): Promise<void>
}

/** Agents call again within moments; other commands must not wait longer than that. */
const IDLE_MS = 300

/** `onFailure` hears of what goes wrong between calls, where nobody waits for it. */
export function createSharedSession(
  open: () => Promise<Session>,
  onFailure: (error: unknown) => void,
  idleMs = IDLE_MS,
): SharedSession {
  let current: Promise<Session> | undefined
  /** Ends of earlier sessions: a new one waits for them, or it would wait for its own process's lock. */
  let ending: Promise<unknown> = Promise.resolve()
  let users = 0
  let timer: NodeJS.Timeout | undefined

  function join(): Promise<Session> {
    clearTimeout(timer)
    users += 1
    current ??= ending.then(open)
    return current
  }

  function leave(session: Session | undefined): void {
    users -= 1
    if (users > 0) return
    // A client of a serve holds nothing, and asks anew which serve there is.
    if (session === undefined || session.where.kind !== 'own') end()
    else timer = setTimeout(end, idleMs)
  }

  function end(): void {
    const last = current
    current = undefined
    clearTimeout(timer)
    if (last === undefined) return
    // A session that did not open has told its caller.
    ending = last.then(
      (session) => session.close().catch(onFailure),
      () => {},
    )
  }

  return {
    async use(call) {
      const opening = join()
      let session: Session | undefined
      try {
        session = await opening
        const { result, started } = await call(session)
        if (started) holdUntilIdle(session)
        return result
      } finally {
        leave(session)
      }
    },
    async close() {
      end()
      await ending
    },
  }

  function holdUntilIdle(session: Session): void {
    users += 1
    session
      .untilIdle()
      .catch(onFailure)
      .finally(() => leave(session))
  }
}
