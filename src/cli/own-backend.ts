import { constants } from 'node:fs'
import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { AppError } from '../errors.ts'
import type { AppEvent } from '../events/event.ts'
import { createId } from '../lib/id.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Upload } from '../operation/operation.ts'
import { OWNER } from '../operation/permission.ts'
import type { CliApp } from './app.ts'
import { type Backend, type FollowOptions, hasEnded } from './backend.ts'

const REPLAY_PAGE = 200

/** Calls carried out in this process; `app` is open, and closed by `close`. */
export function createOwnBackend(app: CliApp): Backend {
  let started: Promise<void> | undefined
  const startJobs = (): Promise<void> => {
    started ??= app.startJobs()
    return started
  }
  return {
    where: { kind: 'own', dataDir: app.config.dataDir },
    async invoke(operation, input, { signal, progress, file, surface = 'cli' }) {
      const call = { signal, progress, requestId: createId('req'), surface, actor: OWNER }
      const sent = file === undefined ? undefined : await copyForUpload(file)
      try {
        const output = await operation.invoke(input, sent === undefined ? call : { ...call, upload: sent.upload })
        return { output, started: operation.http.status(output) === 202 }
      } finally {
        await sent?.remove()
      }
    },
    async follow(jobId, options) {
      await startJobs()
      return followHere(app, jobId, options)
    },
    async untilIdle() {
      await startJobs()
      await app.whenIdle()
    },
    close: () => app.close(),
  }
}

/** A copy of the file at `path` as an upload: operations may move or remove theirs, and this one is the caller's own. */
async function copyForUpload(path: string): Promise<{ upload: Upload; remove(): Promise<void> }> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) throw new AppError('not_found', `Cannot read ${path}: there is no such file`)
  if (!found.isFile()) throw new AppError('invalid_input', `Cannot read ${path}: it is not a regular file`)
  const folder = await mkdtemp(join(tmpdir(), 'airkeep-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const copy = join(folder, 'upload')
    // Filesystems that can share the bytes do.
    await copyFile(path, copy, constants.COPYFILE_FICLONE)
    return { upload: { path: copy, filename: basename(path), sizeBytes: found.size }, remove }
  } catch (cause) {
    await remove()
    throw new AppError('forbidden', `Cannot read ${path}`, { cause })
  }
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
        if ((event.final || hasEnded(event.data)) && (await isLast(event.id))) return event.data
        lastId = event.id
      }
      if (stored.length < REPLAY_PAGE) break
    }
    // Every job begins with an event.
    if (lastId === 0 && waiting.length === 0) throw new AppError('not_found', 'Record not found')
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

  /** A retried job has an end in the middle of its events, one that went on a pause. */
  async function isLast(id: number): Promise<boolean> {
    return (await events.replay(id, { jobId }, 1)).length === 0
  }
}
