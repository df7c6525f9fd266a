import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { hasEnded } from './backend.ts'
import { formatBytes, progressBar } from './progress.ts'

/** How far a job is, in one line. */
export function describeJob(job: JsonObject): string {
  const status = typeof job.status === 'string' ? job.status : 'working'
  const share = typeof job.progress === 'number' && !hasEnded(job) ? `${progressBar(job.progress, 1)} ` : ''
  const all = Array.isArray(job.dependencies) ? job.dependencies.filter(isJsonObject) : []
  // Of what only could be had nothing comes.
  const dependencies = all.filter(({ status: each }) => each !== 'missing' && each !== 'ambiguous')
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0)
  const sum = (name: string): number => dependencies.reduce((total, each) => total + number(each[name]), 0)
  // Looking for a model by its digest may mean to hash files first.
  const [done, total] =
    number(job.bytes_to_hash) > 0
      ? [number(job.hashed_bytes), number(job.bytes_to_hash)]
      : all.length > 0
        ? [sum('bytes_done'), sum('bytes_total')]
        : [number(job.bytes_done), number(job.bytes_total)]
  const bytes = total === 0 ? '' : ` ${formatBytes(done)} of ${formatBytes(total)}`
  const message = typeof job.message === 'string' && job.message !== '' ? ` ${job.message}` : ''
  // A scan that has analyzed the names goes on with hashing.
  const isNamed = status === 'analyzing' || (status === 'downloading' && all.length === 0)
  const phase = isNamed && typeof job.phase === 'string' ? job.phase : status
  return `${share}${phase}${bytes}${hasEnded(job) ? '' : pace(job)}${message}`
}

/** ` at 12.5 MiB/s, 3 min left` */
function pace({ speed_bytes_per_second: speed, seconds_left: left }: JsonObject): string {
  if (typeof speed !== 'number' || speed <= 0) return ''
  return ` at ${formatBytes(speed)}/s${typeof left === 'number' ? `, ${formatSeconds(left)} left` : ''}`
}

function formatSeconds(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.ceil(minutes / 60)} h`
}
