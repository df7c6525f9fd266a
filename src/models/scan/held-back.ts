import type { JobRow } from '../../jobs/job.ts'

/** Scans that are looked through: whoever cancels so many of single folders has had enough, too. */
export const LATEST_SCANS = 20

/**
 * Whether no scan is to begin unasked: whoever cancelled the one of all folders does not want another until a scan is
 * asked for. One of some folders that was cancelled says nothing of the rest.
 * @param scans newest first
 */
export function isHeldBack(scans: readonly Pick<JobRow, 'status' | 'input'>[]): boolean {
  const telling = scans.find(({ status, input }) => status !== 'cancelled' || isOfAll(input))
  return telling === undefined ? scans.length >= LATEST_SCANS : telling.status === 'cancelled'
}

const isOfAll = ({ roots }: JobRow['input']): boolean => Array.isArray(roots) && roots.length === 0
