import { AppError } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { backoffMs, sleep } from '../lib/retry.ts'
import { type Backend, type FollowOptions, hasEnded, type Where } from './backend.ts'
import { invokeRemote, readAnswer, type SendTo, sendTo } from './remote.ts'
import { ConnectionLost } from './request.ts'
import { parseSse } from './sse.ts'

export interface RemoteBackendDeps {
  readonly where: Exclude<Where, { kind: 'own' }>
  readonly token: string
}

/** Several lost connections in a row, with nothing heard in between, and the server counts as gone. */
const MAX_LOST = 20
const RECONNECT = { firstMs: 100, maxMs: 5_000 }
/** The server sends a comment every five seconds. */
const SILENCE_MS = 30_000

/** A job whose last news is a pause, for so long, is paused now. */
const PAUSE_MS = 500

/** Calls carried out by another process. Its methods also throw ConnectionLost. */
export function createRemoteBackend({ where, token }: RemoteBackendDeps): Backend {
  const send = sendTo({ url: where.url, token })
  return {
    where,
    invoke: (operation, input, call) => invokeRemote(send, operation, input, call),
    // A serve on this host that takes no connection is gone: whoever asked looks for its successor.
    follow: (jobId, options) => followThere(send, jobId, options, where.kind === 'server'),
    async untilIdle() {},
    async close() {},
  }
}

async function followThere(
  send: SendTo,
  jobId: string,
  options: FollowOptions,
  waitsForServer: boolean,
): Promise<JsonObject> {
  const seen: Seen = { lastId: '0', job: undefined }
  for (let lost = 0; ; lost += 1) {
    const before = seen.lastId
    try {
      if (await readStream(send, jobId, seen, options)) return seen.job as JsonObject
    } catch (error) {
      if (!(error instanceof ConnectionLost) || lost >= MAX_LOST) throw error
      if (!error.sent && !waitsForServer) throw error
    }
    // What ended without news is tried ever more slowly; news start the count anew.
    if (seen.lastId !== before) lost = 0
    if (lost >= MAX_LOST) throw new ConnectionLost(true, new Error('the stream of the job ends again and again'))
    await sleep(backoffMs(lost, RECONNECT), options.signal)
  }
}

interface Seen {
  lastId: string
  job: JsonObject | undefined
}

/** Reads one stream to its end; answers whether the job has ended too. */
async function readStream(send: SendTo, jobId: string, seen: Seen, { signal, onJob }: FollowOptions): Promise<boolean> {
  const silence = new AbortController()
  const pause = new AbortController()
  let quiet: ReturnType<typeof setTimeout> | undefined
  let timer = setTimeout(() => silence.abort(), SILENCE_MS)
  const heard = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => silence.abort(), SILENCE_MS)
  }
  try {
    const response = await send(`/v1/events?job_id=${encodeURIComponent(jobId)}`, {
      method: 'GET',
      headers: { accept: 'text/event-stream', 'last-event-id': seen.lastId },
      signal: AbortSignal.any([signal, silence.signal, pause.signal]),
    })
    if (!response.contentType.startsWith('text/event-stream')) {
      await readAnswer(response)
      throw new AppError('upstream_unavailable', 'The server has no stream of events')
    }
    for await (const { data, id } of parseSse(response.body, heard)) {
      const job: unknown = JSON.parse(data)
      if (!isJsonObject(job)) continue
      if (id !== undefined) seen.lastId = id
      seen.job = job
      onJob(job)
      clearTimeout(quiet)
      // The stream goes on, for the job may; unless this was long ago, and what came after it follows at once.
      if (job.status === 'paused') quiet = setTimeout(() => pause.abort(), PAUSE_MS)
    }
    return seen.job !== undefined && hasEnded(seen.job)
  } catch (error) {
    if (pause.signal.aborted && !signal.aborted) return true
    if (silence.signal.aborted && !signal.aborted) throw new ConnectionLost(true, error)
    throw error
  } finally {
    clearTimeout(timer)
    clearTimeout(quiet)
  }
}
