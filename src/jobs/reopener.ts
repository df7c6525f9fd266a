import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { isAppError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { writeAtomic } from '../lib/files.ts'
import { inParallel } from '../lib/in-parallel.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Log } from '../lib/log.ts'
import type { RefusalReason } from '../net/file-source.ts'
import type { LackingQuery } from './job-queries.ts'
import type { JobRunner } from './runner.ts'
import type { JobStore } from './store.ts'

/** Lets jobs go on, under their ids, that ended because something was not allowed or not possible then. */
export interface Reopener {
  /**
   * Jobs in which something is blocked for this reason.
   * @param owner only this caller's jobs: what it did counts for nobody else
   * @returns how many go on
   */
  reopenBlocked(reason: RefusalReason, owner?: string): Promise<number>
  /** Jobs in which something waits for a login at this node. @returns how many go on */
  reopenForNode(node: string): Promise<number>
  /** Imports that lack a file which a download has brought since. @returns how many go on */
  reopenFetched(file: FetchedFile): Promise<number>
  /** Jobs whose early access has ended since. */
  reopenDue(): Promise<number>
  /** Once jobs run: what a changed policy or another key lets pass now and what has come due, and from then on what comes due. */
  start(): Promise<void>
  stop(): void
}

/** A file that was fetched, by all that other jobs may know it by. */
export type FetchedFile = Pick<LackingQuery, 'sha256' | 'civitaiVersionIds' | 'downloadIds'>

export interface ReopenerDeps {
  readonly jobs: Pick<JobRunner, 'retry'>
  readonly store: Pick<JobStore, 'count' | 'findBlocked' | 'findLacking'>
  readonly clock: Clock
  readonly log: Log
  /** Those on which others wait first: `download`, `import`. */
  readonly kinds: readonly string[]
  /** The settings that decide what may be downloaded, by their names; no secrets. */
  readonly policy: JsonObject
  /** The host's own keys, by their providers: of them, as of the policy, nothing but a digest is kept. */
  readonly keys?: JsonObject
  /** File that remembers policy and keys of the last start. */
  readonly file: string
}

/** What callers see as the status of a job in which something is blocked. */
const BLOCKED_STATE = 'partially_completed'
/** Of each kind so many of the newest are looked at. */
const MOST = 1000
/** Asked after each download, and a query holds up the event loop: of each kind so many of the newest. */
const MOST_AFTER_DOWNLOAD = 200
/** Retries share commits. */
const AT_ONCE = 16
const LOOK_EVERY_MS = 10 * 60_000

/** What settings can change, and what keys can. */
const BY_POLICY: readonly RefusalReason[] = ['license', 'size', 'pickle', 'terms', 'disk']
const BY_KEYS: readonly RefusalReason[] = ['login', 'terms']

export function createReopener(deps: ReopenerDeps): Reopener {
  const { jobs, store, clock, log, kinds, policy, keys = {}, file } = deps
  let timer: ReturnType<typeof setInterval> | undefined

  async function retryAll(ids: readonly string[]): Promise<number> {
    let retried = 0
    await inParallel([...ids], AT_ONCE, async (id) => {
      try {
        await jobs.retry(id)
        retried += 1
      } catch (error) {
        // Another fetches the same already, or it was removed meanwhile.
        if (!isAppError(error) || (error.code !== 'conflict' && error.code !== 'not_found')) throw error
      }
    })
    return retried
  }

  async function reopen(
    reasons: readonly RefusalReason[],
    only: { readonly owner?: string | undefined; readonly node?: string; readonly dueAt?: number },
  ): Promise<number> {
    // Mostly there are none, and every start asks.
    if ((await store.count({ kinds, state: BLOCKED_STATE })) === 0) return 0
    let reopened = 0
    for (const kind of kinds) {
      const ids = await store.findBlocked({ kinds: [kind], state: BLOCKED_STATE, reasons, limit: MOST, ...only })
      reopened += await retryAll(ids)
    }
    if (reopened > 0) log.info({ jobs: reopened, reasons }, 'Going on with jobs that were blocked')
    return reopened
  }

  const reopenDue = (): Promise<number> => reopen(['early_access'], { dueAt: clock.now() })

  async function reopenBySettings(): Promise<void> {
    const now = [fingerprintOf(policy), fingerprintOf(keys)]
    const before = (await readFile(file, 'utf8').catch(() => undefined))?.split('\n')
    if (before?.join() === now.join()) return
    // Remembered afterwards: cut off in between, it is done again.
    if (before !== undefined) {
      const reasons = [...(before[0] === now[0] ? [] : BY_POLICY), ...(before[1] === now[1] ? [] : BY_KEYS)]
      await reopen([...new Set(reasons)], {})
    }
    await writeAtomic(file, now.join('\n'))
  }

  return {
    reopenBlocked: (reason, owner) => reopen([reason], { owner }),
    reopenForNode: (node) => reopen(['login'], { node }),
    async reopenFetched(fetched) {
      const lacking = kinds.map((kind) =>
        store.findLacking({ kind, state: BLOCKED_STATE, limit: MOST_AFTER_DOWNLOAD, ...fetched }),
      )
      return retryAll((await Promise.all(lacking)).flat())
    },
    reopenDue,
    async start() {
      await reopenBySettings()
      await reopenDue()
      timer ??= setInterval(() => {
        reopenDue().catch((error: unknown) => log.error({ err: error }, 'Could not reopen jobs that have come due'))
      }, LOOK_EVERY_MS).unref()
    },
    stop() {
      clearInterval(timer)
      timer = undefined
    },
  }
}

/** The same whatever the order of its fields. */
function fingerprintOf(policy: JsonObject): string {
  const fields = Object.entries(policy).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex')
}
