import { readFile } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Operation } from '../operation/operation.ts'
import type { CliApp } from './app.ts'
import type { Answer, Backend, BackendCall, FollowOptions, Where } from './backend.ts'
import { connect, connectTo } from './connect.ts'
import type { Context } from './context.ts'
import { ConnectionLost } from './request.ts'

/** A backend that outlives a `serve` which ends in the middle: its successor, or this process, goes on. */
export interface Session {
  readonly where: Where
  /** @throws AppError; upstream_unavailable where the server went away and may or may not have done the work */
  invoke(operation: Operation, input: Record<string, unknown>, call: BackendCall): Promise<Answer>
  follow(jobId: string, options: FollowOptions): Promise<JsonObject>
  untilIdle(): Promise<void>
  close(): Promise<void>
}

const MAX_RECONNECTS = 20

export async function createSession(open: () => Promise<Backend>): Promise<Session> {
  let backend = await open()
  let reopening: Promise<Backend> | undefined

  /** One successor for all calls that lost the same backend: a second one would wait for our own lock. */
  async function replace(lost: Backend): Promise<void> {
    if (backend !== lost) return
    reopening ??= open()
    try {
      backend = await reopening
    } finally {
      reopening = undefined
    }
  }

  /** Repeats `work` with a new backend where that can do no harm. */
  async function outlive<T>(work: (backend: Backend) => Promise<T>, mayRepeat: (lost: ConnectionLost) => boolean) {
    for (let reconnects = 0; ; reconnects += 1) {
      const used = backend
      try {
        return await work(used)
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error
        const { where } = used
        if (where.kind !== 'serve' || !mayRepeat(error) || reconnects >= MAX_RECONNECTS) throw toLostError(where, error)
        await replace(used)
      }
    }
  }

  return {
    get where() {
      return backend.where
    },
    invoke: (operation, input, call) =>
      outlive(
        (at) => at.invoke(operation, input, call),
        ({ sent }) => !sent || operation.effect === 'read',
      ),
    follow: (jobId, options) =>
      outlive(
        (at) => at.follow(jobId, options),
        () => true,
      ),
    untilIdle: () => backend.untilIdle(),
    close: () => backend.close(),
  }
}

function toLostError(where: Where, lost: ConnectionLost): AppError {
  const url = where.kind === 'own' ? '' : ` at ${where.url}`
  if (!lost.sent) {
    return new AppError('upstream_unavailable', `Cannot reach the server${url}`, {
      hint: 'Check the address and that airkeep serve runs there',
      cause: lost,
    })
  }
  return new AppError('upstream_unavailable', `The server${url} went away before it answered`, {
    hint: 'Whether it did the work is not known: look before you try again',
    cause: lost,
  })
}

/** Where this command's calls are carried out, for as long as `use` runs. */
export async function withSession<T>(context: Context, app: CliApp, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await createSession(() => openBackend(context, app))
  try {
    return await use(session)
  } finally {
    await session.close()
  }
}

export async function openBackend(context: Context, app: CliApp): Promise<Backend> {
  const { globals, signal } = context
  if (globals.server !== undefined) return connectTo(globals.server, await presentedToken(app))
  const onWait = (): void =>
    void context.note(`waiting: another airkeep command works in ${app.config.dataDir} (Ctrl-C ends the wait)`)
  return connect({ app, signal, onWait })
}

/** `AIRKEEP_TOKEN`, or what stands in `AIRKEEP_TOKEN_FILE`. */
async function presentedToken(app: CliApp): Promise<string> {
  const { token, token_file: file } = app.config.settings
  if (token !== '' || file === '') return token
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    throw new AppError('not_found', 'Cannot read the file that AIRKEEP_TOKEN_FILE names', { cause })
  }
}
