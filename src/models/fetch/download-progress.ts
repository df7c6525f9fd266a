import type { DownloadProgress } from '../../download/request.ts'
import type { RunningJob } from '../../jobs/job.ts'
import type { Clock } from '../../lib/clock.ts'
import type { JsonObject } from '../../lib/json.ts'
import { progressView, readingView } from './download-view.ts'

/** People see no more than that of progress, and thousands may listen. */
const SHOW_EVERY_MS = 250

/** A run that has fetched so much is not one of those that end the process before they do anything. */
const ADVANCED_BYTES = 16 * 2 ** 20

export interface ShownProgress {
  take(progress: DownloadProgress): void
  /** A file of this host is read to see whether it is the one. */
  reading(done: number, total: number): void
  /** Resolves when nothing is being stored any more. @throws as RunningJob.save does */
  settled(): Promise<void>
}

/**
 * Shows how far a download is: a few times a second, and every new phase.
 * @param set changes what is known of the job, and gives it
 */
export function createProgress<I>(
  job: Pick<RunningJob<I>, 'show' | 'save'>,
  clock: Clock,
  set: (changes: JsonObject) => JsonObject,
): ShownProgress {
  let shownAt = Number.NEGATIVE_INFINITY
  let phase: DownloadProgress['phase'] | undefined
  let begunAt: number | undefined
  let saving: Promise<void> | undefined
  const isTime = (): boolean => clock.now() - shownAt >= SHOW_EVERY_MS
  function show(view: JsonObject): void {
    shownAt = clock.now()
    job.show(view)
  }
  return {
    reading(done, total) {
      if (isTime()) show({ ...set(readingView(done, total)) })
    },
    take(progress) {
      const view = { ...set(progressView(progress)) }
      const isNewPhase = progress.phase !== phase
      phase = progress.phase
      begunAt ??= progress.bytesDone
      if (saving === undefined && progress.bytesDone - begunAt >= ADVANCED_BYTES) {
        saving = job.save(view, { advanced: true })
        // Looked at where it is awaited, unless the run ends before.
        saving.catch(() => {})
      } else if (isNewPhase || isTime()) show(view)
    },
    settled: async () => saving,
  }
}
