import type { JsonObject } from '../lib/json.ts'
import type { Dependency } from './dependency.ts'

const UNDER_WAY = new Set<Dependency['status']>(['download_scheduled', 'downloading', 'verifying'])

/** A download of it waits or runs. */
export const isUnderWay = ({ status }: Pick<Dependency, 'status'>): boolean => UNDER_WAY.has(status)

/**
 * The job object of one run while what is missing is looked for and fetched: neither its status nor its progress goes
 * back, though more may turn out to be fetched.
 * @param here as it was found on this host, which is a part of the progress
 */
export function createFetchView(
  here: readonly Dependency[],
  view: (status: string, progress: number, dependencies: readonly Dependency[]) => JsonObject,
): (now: readonly Dependency[]) => JsonObject {
  const found = here.filter(({ status }) => status === 'resolved' || status === 'skipped').length
  const base = here.length === 0 ? 0 : found / here.length
  let isFetching = false
  let most = 0
  return (now) => {
    isFetching ||= now.some(isUnderWay)
    most = Math.max(most, Math.floor(1000 * (base + (1 - base) * shareOf(now))) / 1000)
    return view(isFetching ? 'downloading' : 'resolving', most, now)
  }
}

/** Of the bytes that are fetched: what is only known of, or may not be fetched, never comes. */
function shareOf(dependencies: readonly Dependency[]): number {
  const fetched = dependencies.filter(({ download_job_id: job }) => job !== undefined)
  const total = fetched.reduce((sum, { bytes_total }) => sum + bytes_total, 0)
  const done = fetched.reduce((sum, { bytes_done }) => sum + bytes_done, 0)
  return total === 0 ? 0 : Math.min(1, done / total)
}
