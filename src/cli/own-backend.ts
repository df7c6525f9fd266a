import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { AppEvent } from '../events/event.ts'
import { AppError } from '../errors.ts'
import { createId } from '../lib/id.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Call } from '../operation/operation.ts'
import { OWNER } from '../operation/permission.ts'
import type { CliApp } from './app.ts'
import { type Backend, type FollowOptions, hasEnded } from './backend.ts'

const REPLAY_PAGE = 200

/** Calls carried out in this process; `app` is open, and closed by `close`. */
export function createOwnBackend(app: CliApp): Backend {
  let jobs: Promise<void> | undefined
  return {
    where: { kind: 'own', dataDir: app.config.dataDir },
    async invoke(operation, input, { signal, progress, file }) {
      const call: Call = {
        signal,
        progress,
        requestId: createId('req'),
        surface: 'cli',
        actor: OWNER,
        ...(file === undefined ? {} : { upload: await toUpload(file) }),
      }
      const output = await operation.invoke(input, call)
      return { output, started: operation.http.status(output) === 202 }
    },
    async follow(jobId, options) {
      jobs ??= app.startJobs()
      await jobs
      return followHere(app, jobId, options)
    },
    close: () => app.close(),
  }
}

async function toUpload(path: string): Promise<NonNullable<Call['upload']>> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new AppError('not_found', `Cannot read ${path}: there is no such file`)
  if (!found.isFile()) throw new AppError('invalid_input', `Cannot read ${path}: it is not a regular file`)
  return { path, filename: basename(path), sizeBytes: found.size }
}

/** The job's stored events, then the new ones, until its last. */
async function followHere({ events }: CliApp, jobId: string, options: FollowOptions): Promise<JsonObject> {
  const { signal, onJob } = options
  const waiting: AppEvent[] = []
  let wake = (): void => {}
  const stop = events.subscribe((event) => {
    if (event.jobId !== jobId) return
    waiting.push(event)
    wake()
  })
  const onAbort = (): void => wake()
  signal.addEventListener('abort', onAbort)
  try {
    let lastId = 0
    for (;;) {
      signal.throwIfAborted()
      const stored = await events.replay(lastId, { jobId }, REPLAY_PAGE)
      for (const event of stored) {
        onJob(event.data)
        if (event.final && (await isLast(event.id))) return event.data
        lastId = event.id
      }
      if (stored.length < REPLAY_PAGE) break
    }
    for (;;) {
      for (const event of waiting.splice(0)) {
        if (event.id !== undefined && event.id <= lastId) continue
        onJob(event.data)
        if (event.final || hasEnded(event.data)) return event.data
      }
      signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        wake = resolve
        if (waiting.length > 0 || signal.aborted) resolve()
      })
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    stop()
  }

  /** A retried job has an end in the middle of its events. */
  async function isLast(id: number): Promise<boolean> {
    return (await events.replay(id, { jobId }, 1)).length === 0
  }
}
