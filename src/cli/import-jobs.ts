import { ERROR_KINDS, toProblem } from '../errors.ts'
import { inParallel } from '../lib/in-parallel.ts'
import type { JsonObject } from '../lib/json.ts'
import type { Operation } from '../operation/operation.ts'
import type { CliApp } from './app.ts'
import { endImports } from './cancel-imports.ts'
import type { Context } from './context.ts'
import type { ImportSource } from './import-source.ts'
import { followJob, jobExitCode } from './job.ts'
import { createJobDisplay, type JobDisplay } from './job-display.ts'
import { describeError } from './report.ts'
import type { Session } from './session.ts'
import { type Started, type StartOptions, startAll } from './start-imports.ts'
import { printableLine } from './text-width.ts'
import { fetchedSentence } from './transfer-lines.ts'

/** What came of one source. */
export interface Result {
  readonly source: ImportSource
  /** The job or the dry run; a problem document under `error` where there is neither. */
  readonly output: JsonObject
  readonly code: number
  readonly job: string | undefined
}

export interface Results {
  /** In the order of the sources. */
  readonly results: readonly Result[]
  /** What was fetched, in one sentence; undefined where nothing was. */
  readonly fetched: string | undefined
}

export interface ImportParts {
  readonly context: Context
  readonly app: CliApp
  readonly session: Session
  /** import_prompt */
  readonly operation: Operation
}

/** Enough that what they fetch at once is seen at once; each may be a connection. */
const FOLLOWED_AT_ONCE = 8

export type RunOptions = StartOptions & {
  /** Only to find out what there is to ask: whoever leaves meanwhile wants nothing of it. */
  readonly isLook?: boolean
  /** Shown together with what comes before or after; ended by the caller. */
  readonly display?: JobDisplay
}

/**
 * Imports each source and follows the jobs to their end, unless nobody waits for them.
 * @throws what ends all of them; the signal's reason, when it was told what becomes of the jobs
 */
export async function runImports(
  parts: ImportParts,
  sources: readonly ImportSource[],
  options: RunOptions,
): Promise<Results> {
  const { context, session, operation } = parts
  const started: Started[] = []
  const results: Result[] = []
  const display = options.display ?? createJobDisplay(context, { jobs: sources.length })
  try {
    await startAll(context, session, operation, sources, options, started)
    context.progress.clear()
    await inParallel([...started.entries()], FOLLOWED_AT_ONCE, async ([at, each]) => {
      results[at] = await finish(each)
    })
  } catch (error) {
    display.end()
    const left = started.flatMap((each, at) =>
      results[at] === undefined && 'job' in each && each.job !== undefined ? [each.job] : [],
    )
    await endImports(parts, left, { isSingle: sources[0]?.only === true, isLook: options.isLook === true })
    throw error
  }
  display.end()
  return { results, fetched: fetchedSentence(display.state()) }

  /** The prompt with local names is in no event: it is its owner's. */
  async function withPrompt(job_id: string, ended: JsonObject): Promise<JsonObject> {
    const get = parts.app.operations.find(({ name }) => name === 'get_import_job')
    if (get === undefined || !context.globals.json || options.isLook === true) return ended
    return (await session.invoke(get, { job_id }, { signal: context.signal, progress() {} })).output
  }

  async function finish(each: Started): Promise<Result> {
    const { source } = each
    if ('error' in each) {
      const { code } = each.error
      // Of a folder thousands of files may be bad: the summary names them.
      if (!source.inFolder) {
        const told = describeError(each.error).trimEnd()
        await context.note(told.replace(/^error: /, () => `error: ${printableLine(source.label)}: `))
      }
      const problem = toProblem(each.error) as unknown as JsonObject
      return { source, output: { error: problem }, code: ERROR_KINDS[code].exitCode, job: undefined }
    }
    const { output, job } = each
    if (job === undefined || !options.wait) return { source, output, code: 0, job }
    const ended = await followJob(context, session, job, { display })
    return { source, output: await withPrompt(job, ended), code: jobExitCode(ended), job }
  }
}
