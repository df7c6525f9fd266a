import { ERROR_KINDS, type ErrorCode } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { Answer } from './backend.ts'
import type { Context } from './context.ts'
import { createJobDisplay, type JobDisplay } from './job-display.ts'
import type { Session } from './session.ts'

/** Done, but something is missing or failed. */
export const PARTIAL_EXIT = 10

/** 0 for a job that has everything, 10 where something is missing, else by what ended it. */
export function jobExitCode(job: JsonObject): number {
  if (job.status === 'cancelled') return ERROR_KINDS.cancelled.exitCode
  if (job.status === 'failed') {
    const code = job.error_code
    const known = typeof code === 'string' && Object.hasOwn(ERROR_KINDS, code)
    return known ? ERROR_KINDS[code as ErrorCode].exitCode : PARTIAL_EXIT
  }
  if (job.status === 'partially_completed' || job.status === 'paused') return PARTIAL_EXIT
  return 0
}

/** The worst of several: an unlike pair means that something is missing. */
export function exitCodeOf(codes: readonly number[]): number {
  const [first = 0] = codes
  return codes.every((code) => code === first) ? first : PARTIAL_EXIT
}

/** Ids of the jobs that a call has started here; those at a node are not ours to follow. */
export function startedJobs({ output, started }: Answer): string[] {
  if (!started || (Array.isArray(output.jobs) && typeof output.node === 'string')) return []
  if (typeof output.job_id === 'string') return [output.job_id]
  const jobs = Array.isArray(output.jobs) ? output.jobs : []
  return jobs.flatMap((job) => (isJsonObject(job) && typeof job.job_id === 'string' ? [job.job_id] : []))
}

export interface FollowedJob {
  /** Shows it together with others; the caller itself says what becomes of them where the command is interrupted. */
  readonly display?: JobDisplay
}

/** Follows a job to its end, with progress on a terminal. */
export async function followJob(
  context: Context,
  session: Session,
  jobId: string,
  { display }: FollowedJob = {},
): Promise<JsonObject> {
  const { signal, note } = context
  const shown = display ?? createJobDisplay(context)
  try {
    const last = await session.follow(jobId, { signal, onJob: shown.show })
    if (last.status === 'paused') {
      await note(`${jobId} was paused: airkeep retry-model-job --job-id ${jobId} goes on with it`)
    }
    return last
  } catch (error) {
    if (signal.aborted && display === undefined) await note(afterInterrupt(session, jobId))
    throw error
  } finally {
    if (display === undefined) shown.end()
  }
}

/** Without a server, jobs run only while a command waits for them. */
export const noteQueued = (context: Context): Promise<void> =>
  context.note('queued: it runs when airkeep serve is started on this data directory')

/** What becomes of a job that nobody follows any more. */
export function afterInterrupt({ where }: Session, jobId: string): string {
  if (where.kind === 'own') return `${jobId} is put back and goes on with the next airkeep serve, import or scan`
  const cancel = jobId.startsWith('imp_') ? 'cancel-import-job' : 'cancel-model-job'
  return `${jobId} goes on at ${where.url}: airkeep ${cancel} --job-id ${jobId} ends it`
}
