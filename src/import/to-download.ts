import type { Dependency } from './dependency.ts'
import { isUnderWay } from './fetch-view.ts'

/** What a job has still to fetch, or would if it were to. */
export interface ToDownload {
  readonly files: number
  /** As far as it is known. */
  readonly bytes: number
}

export function toDownloadOf(dependencies: readonly Dependency[]): ToDownload {
  const open = dependencies.filter(isToCome)
  return {
    files: open.length,
    bytes: open.reduce((sum, { bytes_done: done, bytes_total: total }) => sum + Math.max(0, total - done), 0),
  }
}

/** It is under way, or found elsewhere and allowed: only then it says from where it would come. */
function isToCome({ status, resolved_source: source }: Dependency): boolean {
  if (isUnderWay({ status })) return true
  return (status === 'missing' || status === 'ambiguous') && source !== undefined && source !== 'local'
}
