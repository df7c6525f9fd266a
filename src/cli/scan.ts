import type { JsonObject } from '../lib/json.ts'
import type { Context } from './context.ts'
import { findOperation } from './find-operation.ts'
import { followJob, jobExitCode, noteQueued, startedJobs } from './job.ts'
import { toAbsolute } from './local-paths.ts'
import { renderOutput } from './render.ts'
import { withSession } from './session.ts'

export interface ScanOptions {
  readonly models?: string[]
  readonly identify?: true
  readonly wait: boolean
}

/** `airkeep scan`: indexes model files and follows the job. */
export async function scan(context: Context, dirs: readonly string[], options: ScanOptions): Promise<number> {
  const app = await context.app()
  const operation = findOperation(app, 'scan_models', 'airkeep scan')
  // Threads start while the database opens.
  app.prepareScan?.()
  const roots = [...dirs, ...(options.models ?? [])].map((dir) => toAbsolute(dir, context.outside.cwd))
  const input = { ...(roots.length === 0 ? {} : { roots }), ...(options.identify ? { identify: true } : {}) }
  return withSession(context, app, async (session) => {
    const { signal } = context
    const answer = await session.invoke(operation, input, { signal, progress() {} })
    const [job] = startedJobs(answer)
    let result: JsonObject = answer.output
    if (job !== undefined && options.wait) result = await followJob(context, session, job)
    await context.print(result, (columns) => renderOutput(result, columns))
    if (job !== undefined && !options.wait && session.where.kind === 'own') await noteQueued(context)
    return options.wait ? jobExitCode(result) : 0
  })
}
