import { inParallel } from '../lib/in-parallel.ts'
import type { Operation } from '../operation/operation.ts'
import type { CliApp } from './app.ts'
import type { Context } from './context.ts'
import { afterInterrupt } from './job.ts'
import { progressBar } from './progress.ts'
import type { Session } from './session.ts'

/** Thousands may wait, and each is a small write that is committed together with others. */
const AT_ONCE = 64

export interface EndParts {
  readonly context: Context
  readonly app: CliApp
  readonly session: Session
}

export interface EndedImports {
  /** Nothing else was imported with it. */
  readonly isSingle: boolean
  /** Nobody would look at what comes of them. */
  readonly isLook: boolean
}

/**
 * What becomes of imports that nobody follows any more. Ctrl-C is meant for all that was begun, but a single import at
 * a server goes on there; a terminal or a machine that goes away is not meant for any.
 * @param jobs in the order in which they began
 */
export async function endImports(
  parts: EndParts,
  jobs: readonly string[],
  { isSingle, isLook }: EndedImports,
): Promise<void> {
  const { context, session } = parts
  const [only] = jobs
  if (only === undefined) return
  const signal = context.interruptedBy()
  const isOwn = session.where.kind === 'own'
  if (signal === 'SIGINT' && (isOwn || isLook || !isSingle)) {
    const cancelled = await cancelImports(parts, jobs)
    if (isLook || cancelled === 0) return
    if (!isSingle) return context.note(`${cancelled} ${cancelled === 1 ? 'import' : 'imports'} cancelled`)
    return context.note(
      `${only} is cancelled; what has come is kept: airkeep retry-import-job --job-id ${only} goes on with it`,
    )
  }
  if (signal === undefined) return
  if (isSingle) await context.note(afterInterrupt(session, only))
  else await tellLeft(context, session, jobs.length)
}

/**
 * Cancels the jobs of an import that was interrupted: nobody waits for them any more. The command's own signal is aborted
 * by then; a second Ctrl-C ends the process.
 * @returns how many; those that have ended stay as they are
 */
async function cancelImports({ context, app, session }: EndParts, jobs: readonly string[]): Promise<number> {
  const operation = operationOf(app, 'cancel_import_job')
  const call = { signal: new AbortController().signal, progress() {} }
  let done = 0
  let cancelled = 0
  let left = 0
  // The last ones first: the first of those that wait would begin meanwhile.
  await inParallel(jobs.toReversed(), AT_ONCE, async (job_id) => {
    try {
      const { output = {} } = operation === undefined ? {} : await session.invoke(operation, { job_id }, call)
      // What it alone has fetched ends with it.
      if (output.status === 'cancelled') cancelled += 1
    } catch {
      left += 1
    }
    done += 1
    if (jobs.length > 1) context.progress.show(`${progressBar(done, jobs.length)} cancelling imports`)
  })
  await tellLeft(context, session, left)
  return cancelled
}

const operationOf = (app: CliApp, wanted: string): Operation | undefined =>
  app.operations.find(({ name }) => name === wanted)

/** Jobs outlive the command that started them: whoever ends it has to know. */
async function tellLeft(context: Context, { where }: Session, jobs: number): Promise<void> {
  if (jobs === 0) return
  const goOn = where.kind === 'own' ? 'with the next airkeep serve, import or scan' : `at ${where.url}`
  await context.note(`imports that were begun go on ${goOn}: ${jobs}; airkeep cancel-import-job ends one`)
}
