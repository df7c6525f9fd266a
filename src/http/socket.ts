import * as v from 'valibot'
import { AppError, toProblem } from '../errors.ts'
import { jobIdField } from '../operation/fields.ts'
import type { Actor } from '../operation/permission.ts'
import type { Socket, SocketHandler } from './connection.ts'
import type { Feed } from './feed.ts'
import type { Feeds } from './feeds.ts'

/** Jobs that one WebSocket may follow at a time. */
const MAX_JOBS = 64

/** Past so many bytes that the other end has not taken, the rest waits until it has. */
const MAX_BUFFERED = 256 * 1024

/** Close codes of RFC 6455 and of its registry. */
const GOING_AWAY = 1001
const TRY_AGAIN_LATER = 1013

const messageSchema = v.strictObject({ subscribe_job: jobIdField })

export interface JobSocket extends SocketHandler {
  /** Closes it after what waits. */
  end(): void
}

export interface JobSocketOptions {
  readonly feeds: Feeds
  readonly actor: Actor
  readonly kinds: ReadonlySet<string>
  readonly requestId: string
  onClose(): void
}

/**
 * The WebSocket beside the event stream: `{"subscribe_job":"…"}` is answered by the job object, at once and on every
 * change; what cannot be answered, by a problem document. A job that ends is not followed further, the socket stays.
 */
export function createJobSocket({ feeds, actor, kinds, requestId, onClose }: JobSocketOptions): JobSocket {
  const following = new Map<string, Feed>()
  let opening = 0
  let socket: Socket | undefined
  let ending = false
  let waiting: (() => void)[] = []

  const sendProblem = (error: unknown): void => socket?.send(JSON.stringify(toProblem(error, requestId)))
  const closeIfDone = (): void => {
    if (ending && following.size === 0) socket?.close(GOING_AWAY, 'airkeep is stopping')
  }
  const resumeAll = (): void => {
    for (const resume of waiting) resume()
    waiting = []
  }

  async function follow(jobId: string): Promise<void> {
    if (following.size + opening >= MAX_JOBS) {
      throw new AppError('rate_limited', `One WebSocket follows at most ${MAX_JOBS} jobs at a time`)
    }
    opening += 1
    const feed = await feeds.open({ actor, filter: { kinds, jobId } }).finally(() => {
      opening -= 1
    })
    if (socket === undefined) return feed.close()
    following.get(jobId)?.close()
    following.set(jobId, feed)
    try {
      for (let items = await feed.next(); items !== undefined; items = await feed.next()) {
        for (const { data } of items) socket?.send(JSON.stringify(data))
        if ((socket?.buffered() ?? 0) > MAX_BUFFERED) await new Promise<void>((resolve) => waiting.push(resolve))
      }
      if (feed.overflowed) socket?.close(TRY_AGAIN_LATER, 'The subscriber was too slow')
    } finally {
      feed.close()
      if (following.get(jobId) === feed) following.delete(jobId)
      closeIfDone()
    }
  }

  return {
    open(opened) {
      socket = opened
    },
    message(text) {
      const jobId = parseMessage(text)
      if (jobId === undefined) sendProblem(new AppError('invalid_input', 'Send {"subscribe_job":"<job id>"}'))
      else follow(jobId).catch(sendProblem)
    },
    drain: resumeAll,
    close() {
      socket = undefined
      for (const feed of following.values()) feed.close()
      following.clear()
      resumeAll()
      onClose()
    },
    end() {
      ending = true
      for (const feed of following.values()) feed.end()
      closeIfDone()
    },
  }
}

function parseMessage(text: string): string | undefined {
  try {
    return v.parse(messageSchema, JSON.parse(text)).subscribe_job
  } catch {
    return undefined
  }
}
