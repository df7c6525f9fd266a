import { isJsonObject, type JsonObject } from '../lib/json.ts'
import { hasEnded } from './backend.ts'
import { sourceOfDependency, textOf } from './dependency-state.ts'

/** `stopped`: it ended without the file. */
export type TransferPhase = 'waiting' | 'downloading' | 'verifying' | 'done' | 'stopped'

/** A file that is being fetched, or was. */
export interface Transfer {
  readonly name: string
  /** Where it comes from: `civitai`, the name of a node; empty where that is not known. */
  readonly from: string
  readonly phase: TransferPhase
  readonly bytesDone: number
  readonly bytesTotal: number | undefined
  readonly bytesPerSecond: number
}

/** As a job tells of it. */
export interface ToldFile extends Omit<Transfer, 'bytesPerSecond'> {
  /** Bytes a second, where the job says how fast they come. */
  readonly said: number | undefined
}

export const isUnderWay = ({ phase }: Pick<Transfer, 'phase'>): boolean =>
  phase === 'downloading' || phase === 'verifying'

export const isOver = ({ phase }: Pick<Transfer, 'phase'>): boolean => phase === 'done' || phase === 'stopped'

/** The files that a job waits for or fetches, by the job that fetches each. */
export function filesOf(job: JsonObject): (readonly [id: string, file: ToldFile])[] {
  if (Array.isArray(job.dependencies)) {
    return job.dependencies.filter(isJsonObject).flatMap((dependency) => {
      const id = textOf(dependency.download_job_id)
      return id === undefined ? [] : [[id, ofDependency(dependency)] as const]
    })
  }
  const id = textOf(job.job_id)
  return id !== undefined && isDownload(job) ? [[id, ofDownload(job)]] : []
}

/** A job that fetches one file. */
export const isDownload = (job: JsonObject): boolean =>
  'speed_bytes_per_second' in job && 'bytes_done' in job && !('dependencies' in job)

function ofDependency(dependency: JsonObject): ToldFile {
  const { status } = dependency
  const phase: TransferPhase =
    status === 'resolved'
      ? 'done'
      : status === 'downloading' || status === 'verifying'
        ? status
        : status === 'download_scheduled'
          ? 'waiting'
          : 'stopped'
  return {
    ...common(dependency),
    from: sourceOfDependency(dependency),
    phase,
    said: undefined,
  }
}

function ofDownload(job: JsonObject): ToldFile {
  const phase: TransferPhase =
    job.status === 'completed'
      ? 'done'
      : hasEnded(job)
        ? 'stopped'
        : job.phase === 'downloading' || job.phase === 'verifying'
          ? job.phase
          : 'waiting'
  const { speed_bytes_per_second: speed } = job
  return {
    ...common(job),
    from: textOf(job.node) ?? textOf(job.source) ?? '',
    phase,
    said: typeof speed === 'number' ? speed : undefined,
  }
}

function common({ filename, name, reference, bytes_done: done, bytes_total: total }: JsonObject) {
  return {
    name: textOf(filename) ?? textOf(name) ?? textOf(reference) ?? 'model',
    bytesDone: typeof done === 'number' ? done : 0,
    bytesTotal: typeof total === 'number' && total > 0 ? total : undefined,
  }
}
