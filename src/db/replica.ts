import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { AppError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import { unreachableIn } from './db-error.ts'
import type { Primary } from './location.ts'
import { DatabaseUnreachable } from './remote.ts'
import { type ReplicaOrder, type ReplicaReply, toLine } from './replica-messages.ts'

export interface Replica {
  /** Makes the first copy. @throws AppError upstream_unavailable, internal */
  start(): Promise<void>
  /**
   * Resolves when the file holds everything that was committed on the primary before the call. Never rejects: where
   * that cannot be had in a few seconds the file is as old as the last sync, and the log says so.
   */
  caughtUp(): Promise<void>
  close(): Promise<void>
}

export interface ReplicaDeps {
  /** libSQL URL of the file. */
  readonly url: string
  readonly primary: Primary
  /** Starts {@link keepReplica} in a process of its own. */
  readonly command: readonly string[]
  readonly log: Log
  /** Milliseconds between syncs that nobody asked for: what other hosts wrote is seen after them. */
  readonly everyMs?: number | undefined
  /** Milliseconds that a sync may take. */
  readonly answerWithinMs?: number | undefined
}

const SYNC_EVERY_MS = 5_000
const ANSWER_WITHIN_MS = 5_000
const FIRST_COPY_WITHIN_MS = 600_000

export function createReplica(deps: ReplicaDeps): Replica {
  const { log, everyMs = SYNC_EVERY_MS, answerWithinMs = ANSWER_WITHIN_MS } = deps
  let keeper: Keeper | undefined
  let timer: NodeJS.Timeout | undefined
  let current: Promise<void> | undefined
  /** A sync that begins after the current one, for all who ask meanwhile: they may have written after its begin. */
  let next: Promise<void> | undefined
  let behind = false
  let closed = false

  async function sync(): Promise<void> {
    try {
      await askKeeper()
      if (behind) log.info({}, 'The replica is like its primary again')
      behind = false
    } catch (error) {
      if (!behind && !closed) log.warn({ err: error }, 'The replica is behind: its primary does not answer')
      behind = true
    }
  }

  /** A second time by a new process, where the one that was there is gone or of no more use. */
  async function askKeeper(): Promise<void> {
    if (keeper !== undefined) {
      try {
        return await keeper.sync(answerWithinMs)
      } catch (error) {
        await dismiss()
        if (unreachableIn(error)?.silent === true) throw error
      }
    }
    if (closed) return
    keeper = startKeeper(deps)
    try {
      await keeper.open(ANSWER_WITHIN_MS)
    } catch (error) {
      await dismiss()
      throw error
    }
  }

  async function dismiss(): Promise<void> {
    await keeper?.kill()
    keeper = undefined
  }

  function caughtUp(): Promise<void> {
    if (closed) return Promise.resolve()
    if (current === undefined) {
      current = sync().finally(() => {
        current = undefined
      })
      return current
    }
    next ??= current.then(() => {
      next = undefined
      return caughtUp()
    })
    return next
  }

  return {
    async start() {
      keeper = startKeeper(deps)
      try {
        await keeper.open(FIRST_COPY_WITHIN_MS)
      } catch (error) {
        await dismiss()
        throw error
      }
      timer = setInterval(() => {
        if (current === undefined) void caughtUp()
      }, everyMs)
      timer.unref()
    },
    caughtUp,
    async close() {
      closed = true
      clearInterval(timer)
      await keeper?.end()
      await current
      await dismiss()
    },
  }
}

/** The process that keeps the file. One question at a time. */
interface Keeper {
  open(withinMs: number): Promise<void>
  sync(withinMs: number): Promise<void>
  /** Lets it finish what it does, for a moment. */
  end(): Promise<void>
  kill(): Promise<void>
}

function startKeeper({ command, url, primary }: ReplicaDeps): Keeper {
  const [program = '', ...args] = command
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, RUST_LOG: 'off' },
  })
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
  // It may be gone when it is written to: its end says so.
  child.stdin.on('error', () => {})
  const replies = createInterface({ input: child.stdout })
  const { url: primaryUrl, authToken } = primary
  const order: ReplicaOrder = { parentPid: process.pid, url, primaryUrl, authToken }

  async function ask(line: string, withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const answer = await Promise.race([
      new Promise<string>((resolve) => replies.once('line', resolve)),
      ended.then(() => undefined),
      new Promise<never>((_, reject) => {
        const error = new DatabaseUnreachable(`The primary gave the replica no answer within ${withinMs / 1000} s`, {
          silent: true,
        })
        timer = setTimeout(() => reject(error), withinMs)
        child.stdin.write(line)
      }),
    ]).finally(() => clearTimeout(timer))
    if (answer === undefined) throw new AppError('internal', 'The process that keeps the replica ended')
    const reply = JSON.parse(answer) as ReplicaReply
    if (reply.ok) return
    throw new DatabaseUnreachable('Could not bring the replica up to its primary', { cause: new Error(reply.reason) })
  }

  return {
    open: (withinMs) => ask(toLine(order), withinMs),
    sync: (withinMs) => ask('\n', withinMs),
    async end() {
      child.stdin.end()
      const timer = setTimeout(() => child.kill('SIGKILL'), 1_000)
      await ended
      clearTimeout(timer)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
