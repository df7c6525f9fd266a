import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { DownloadState } from '../models/fetch/downloads.ts'
import type { Dependency } from './dependency.ts'

const RANKS = { download_scheduled: 0, downloading: 1, verifying: 2 } as const

const PAUSED = 'Its download is paused: retry_model_job, or retry_import_job, goes on with it'

/** A job object of an import that stands still until somebody lets a download go on. */
export const waitsForPaused = ({ dependencies }: JsonObject): boolean =>
  Array.isArray(dependencies) && dependencies.some((each) => isJsonObject(each) && each.reason === PAUSED)

/**
 * What a state of its download makes of a dependency. It goes forward only: a download that looks for another source,
 * or takes in what has come, waits for nobody. Back to fetching goes what turned out to be damaged.
 */
export function withState(before: Dependency, { status, bytesDone, bytesTotal }: DownloadState): Dependency {
  if (status === 'paused') {
    const bytes = { bytes_done: Math.max(before.bytes_done, bytesDone) }
    return { ...before, ...bytes, status: 'download_scheduled', reason: PAUSED }
  }
  const after = { ...before, reason: null, bytes_total: bytesTotal ?? before.bytes_total }
  const isHeld = before.reason === PAUSED
  if (status === 'waiting') {
    return { ...after, ...(isUnderWay(before) ? {} : { status: 'download_scheduled' }), bytes_done: before.bytes_done }
  }
  const isAnew = status === 'downloading' && bytesDone < before.bytes_done
  const isBack = !isHeld && !isAnew && rankOf(before) > RANKS[status]
  return isBack ? after : { ...after, status, bytes_done: bytesDone }
}

const isUnderWay = (dependency: Dependency): boolean => rankOf(dependency) > RANKS.download_scheduled

const rankOf = ({ status }: Dependency): number => (status in RANKS ? RANKS[status as keyof typeof RANKS] : 0)
