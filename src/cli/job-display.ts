import type { JsonObject } from '../lib/json.ts'
import { hasEnded } from './backend.ts'
import type { Context } from './context.ts'
import { describeJob } from './describe-job.ts'
import { progressBar } from './progress.ts'
import { isUnderWay } from './transfer-files.ts'
import { transferLines, transferSentence } from './transfer-lines.ts'
import { createTransfers, type TransferState } from './transfers.ts'

/** Shows how far jobs are that are being followed: bars on a terminal, elsewhere a line now and then. */
export interface JobDisplay {
  show(job: JsonObject): void
  /** The files of all of them. */
  state(): TransferState
  /** Takes away what stands there. */
  end(): void
}

export interface JobDisplayOptions {
  /** Jobs that are followed together, one for each source. */
  readonly jobs?: number
  /** Milliseconds. */
  readonly now?: () => number
}

/** Speed and time left change while nothing is heard. */
const REDRAW_MS = 1_000
/** Lines of a log. */
const SENTENCE_EVERY_MS = 10_000

export function createJobDisplay(
  { progress, note, followed }: Pick<Context, 'progress' | 'note' | 'followed'>,
  { jobs = 1, now = () => performance.now() }: JobDisplayOptions = {},
): JobDisplay {
  const transfers = createTransfers(now)
  const ended = new Set<string>()
  let timer: ReturnType<typeof setInterval> | undefined
  let saidAt: number | undefined

  function draw(): void {
    progress.lines((size) => transferLines(transfers.state(), size))
  }

  /** The first one after a while: what is soon over needs none. */
  function say(): void {
    saidAt ??= now()
    if (now() - saidAt < SENTENCE_EVERY_MS) return
    saidAt = now()
    void note(transferSentence(transfers.state()))
  }

  /** Between two files, or two tries, nothing may be under way: the bars stay for that. */
  const isFetching = (): boolean => {
    const { files } = transfers.state()
    return files.some(isUnderWay) || (timer !== undefined && files.some(({ phase }) => phase === 'waiting'))
  }

  return {
    show(job) {
      transfers.see(job)
      if (followed === 'nothing') return
      // One that goes on is told of from its beginning.
      ended[hasEnded(job) ? 'add' : 'delete'](String(job.job_id))
      if (isFetching()) {
        const tell = followed === 'bars' ? draw : say
        timer ??= setInterval(tell, REDRAW_MS)
        tell()
      } else if (followed === 'bars') {
        progress.show(jobs === 1 ? describeJob(job) : describeOneOf(job, ended.size, jobs))
      }
    },
    state: () => transfers.state(),
    end() {
      clearInterval(timer)
      timer = undefined
      progress.clear()
    },
  }
}

/** Its own share says little of all. */
const describeOneOf = (job: JsonObject, ended: number, jobs: number): string =>
  `${progressBar(ended, jobs)} ${ended} of ${jobs} files: ${describeJob({ ...job, progress: null })}`
