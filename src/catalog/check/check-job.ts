import * as v from 'valibot'
import type { JobEnd, JobKind, RunningJob } from '../../jobs/job.ts'
import type { Clock } from '../../lib/clock.ts'
import { fromJson, type JsonObject } from '../../lib/json.ts'
import type { Progress } from '../../operation/operation.ts'
import type { PageToCheck } from '../detect/catalog-host.ts'
import { pageReportSchema } from '../page-report.ts'
import type { CatalogHosts } from './catalog-hosts.ts'
import type { CheckAnswer } from './check-answer.ts'
import { checkPagesOn, toCheckAnswer } from './check-pages-on.ts'
import { hostChoiceSchema } from './host-choice.ts'

export const CHECK_KIND = 'check_downloads'

/** No secret of a page: those are left out where it is read, and masked in its text. */
export const checkInputSchema = v.object({
  choice: hostChoiceSchema,
  pages: v.array(v.object({ report: pageReportSchema, content: v.exactOptional(v.string()) })),
  notes: v.array(v.string()),
})
export type CheckInput = v.InferOutput<typeof checkInputSchema>

export interface CheckJobDeps {
  readonly hosts: CatalogHosts
  readonly clock: Clock
}

export const firstCheckView = (pages: number): JsonObject => ({
  status: 'analyzing',
  phase: 'looking',
  progress: 0,
  pages,
})

export function createCheckJob({ hosts, clock }: CheckJobDeps): JobKind<CheckInput> {
  return {
    kind: CHECK_KIND,
    prefix: 'check',
    permission: 'models:read',
    // A host that is slow does not keep the others waiting.
    concurrency: 4,
    input: checkInputSchema,
    run: (job) => runCheck(job, hosts, clock),
    ended: (view, how, error) => ({ ...view, status: how, error: error.message, error_code: error.code }),
    reopened: ({ pages }) => firstCheckView(Number(pages)),
  }
}

async function runCheck(job: RunningJob<CheckInput>, hosts: CatalogHosts, clock: Clock): Promise<JobEnd> {
  const { input, actor, signal } = job
  const first = firstCheckView(input.pages.length)
  await job.save(first)
  const host = hosts.choose(input.choice, actor)
  const progress = ({ done, total, message }: Progress): void =>
    job.show({
      ...first,
      progress: total === undefined || total === 0 ? 0 : Math.min(1, done / total),
      ...(message === undefined ? {} : { message }),
    })
  const pages: readonly PageToCheck[] = input.pages
  const checked = await checkPagesOn(host, input.choice, pages, { actor, signal, progress, clock })
  const answer = toCheckAnswer(checked, input.notes)
  const { failure } = checked
  const ended = { ...withinBounds(answer), phase: 'done', progress: 1, pages: pages.length }
  if (failure === undefined) return { status: 'succeeded', view: { ...ended, status: 'completed' } }
  return { status: 'failed', view: { ...ended, status: 'failed', error: failure.message, error_code: failure.code } }
}

/** Characters of results in a job object, which is stored and sent as a whole. */
const MOST_RESULTS = 4 * 2 ** 20

function withinBounds(answer: CheckAnswer): JsonObject {
  if (JSON.stringify(answer.results).length <= MOST_RESULTS) return fromJson(answer)
  const { results, ...rest } = answer
  const note = 'The results are too many for a job: check fewer pages at once, or wait for the answer'
  return fromJson({ ...rest, notes: [...rest.notes, note] })
}
