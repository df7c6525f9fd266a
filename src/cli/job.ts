import { ERROR_KINDS, type ErrorCode } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { type Answer, hasEnded } from './backend.ts'
import type { Context } from './context.ts'
import { formatBytes, progressBar } from './progress.ts'
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

/** Ids of the jobs that a call has started. */
export function startedJobs({ output, started }: Answer): string[] {
  if (!started) return []
  if (typeof output.job_id === 'string') return [output.job_id]
  const jobs = Array.isArray(output.jobs) ? output.jobs : []
  return jobs.flatMap((job) => (isJsonObject(job) && typeof job.job_id === 'string' ? [job.job_id] : []))
}

/** Follows a job to its end, with progress on a terminal. */
export async function followJob(
  { progress, signal, note }: Context,
  session: Session,
  jobId: string,
): Promise<JsonObject> {
  try {
    const last = await session.follow(jobId, { signal, onJob: (job) => progress.show(describeJob(job)) })
    if (last.status === 'paused') {
      await note(`${jobId} was paused: airkeep retry-model-job --job-id ${jobId} goes on with it`)
    }
    return last
  } catch (error) {
    if (signal.aborted) await note(afterInterrupt(session, jobId))
    throw error
  } finally {
    progress.clear()
  }
}

/** Without a server, jobs run only while a command waits for them. */
export const noteQueued = (context: Context): Promise<void> =>
  context.note('queued: it runs when airkeep serve is started on this data directory')

const afterInterrupt = (session: Session, jobId: string): string =>
  session.where.kind === 'own'
    ? `${jobId} is put back and goes on with the next airkeep serve, import or scan`
    : `${jobId} goes on at ${session.where.url}`

export function describeJob(job: JsonObject): string {
  const status = typeof job.status === 'string' ? job.status : 'working'
  const share = typeof job.progress === 'number' && !hasEnded(job) ? `${progressBar(job.progress, 1)} ` : ''
  const dependencies = Array.isArray(job.dependencies) ? job.dependencies.filter(isJsonObject) : []
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
  const sum = (name: string): number => dependencies.reduce((total, each) => total + number(each[name]), 0)
  // Looking for a model by its digest may mean to hash files first.
  const [done, total] =
    number(job.bytes_to_hash) > 0
      ? [number(job.hashed_bytes), number(job.bytes_to_hash)]
      : [sum('bytes_done'), sum('bytes_total')]
  const bytes = total === 0 ? '' : ` ${formatBytes(done)} of ${formatBytes(total)}`
  const message = typeof job.message === 'string' && job.message !== '' ? ` ${job.message}` : ''
  // A scan that has analyzed the names goes on with hashing.
  const phase = status === 'analyzing' && typeof job.phase === 'string' ? job.phase : status
  return `${share}${phase}${bytes}${message}`
}
