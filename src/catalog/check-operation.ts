import * as v from 'valibot'
import type { JobRunner } from '../jobs/runner.ts'
import type { Clock } from '../lib/clock.ts'
import { fromJson } from '../lib/json.ts'
import { type Call, defineOperation, type Operation } from '../operation/operation.ts'
import type { CatalogHosts } from './check/catalog-hosts.ts'
import { checkEntries, failureEntries } from './check/check-answer.ts'
import { CHECK_KIND, firstCheckView } from './check/check-job.ts'
import { type CheckedPages, checkPagesOn, toCheckAnswer, unaskedHost } from './check/check-pages-on.ts'
import { acceptKeyField, type HostChoice, hostEntries, readHostChoice } from './check/host-choice.ts'
import { pagesToKeep, readPagesToCheck } from './check/pages-to-check.ts'
import type { PageToCheck } from './detect/catalog-host.ts'
import { catalogDirField, catalogItemsField, type ReadCatalogDeps } from './validate-operation.ts'

export interface CheckDeps extends ReadCatalogDeps {
  readonly hosts: CatalogHosts
  readonly jobs: Pick<JobRunner, 'create'>
  readonly clock: Clock
}

const startedEntries = {
  job_id: v.pipe(v.string(), v.description('Where it was not waited for: get_model_job gives the answer')),
  status: v.string(),
  message: v.string(),
}

export function createCheckOperation(deps: CheckDeps): Operation {
  const { hosts, jobs, clock } = deps
  return defineOperation({
    name: 'check_downloads',
    summary: 'Which of the files that catalog pages download are on a host',
    description:
      'Reads catalog pages and looks for every file that their commands would place: on this host, on another airkeep (node), or by ssh (ssh_host). Nothing is run or downloaded. ' +
      'downloaded is true only where every file is there; a host that cannot be looked at gives success false, its reason and status unknown, which never means missing. ' +
      'Before: nothing; validate_catalog shows what would be looked for. After: download_missing fetches what is missing; with wait false get_model_job.',
    example: { catalog_dir: '/workspace/catalog' },
    effect: 'read',
    permission: 'catalog:read',
    http: {
      method: 'post',
      path: '/api/catalog/check-downloads',
      status: 202,
      statusFor: ({ job_id }) => (job_id === undefined ? 200 : 202),
    },
    paths: ['catalog_dir'],
    input: v.strictObject({
      items: catalogItemsField,
      catalog_dir: catalogDirField,
      ...hostEntries,
      accept_host_key: acceptKeyField,
      wait: v.optional(v.pipe(v.boolean(), v.description('false: start a job (202) and answer its job_id')), true),
    }),
    output: v.object({
      success: v.boolean(),
      ...v.partial(v.object({ ...checkEntries, ...startedEntries })).entries,
      ...failureEntries,
    }),
    async run(input, call) {
      const choice = readHostChoice(input)
      const host = hosts.choose(choice, call.actor)
      const { pages, notes } = await readPagesToCheck(deps, input, call)
      if (!input.wait) {
        if (input.accept_host_key !== undefined) await accept(choice, input.accept_host_key, call)
        const kept = await pagesToKeep(pages, choice.kind === 'node')
        const { id } = await jobs.create(CHECK_KIND, {
          actor: call.actor,
          input: fromJson({ choice, pages: kept, notes }),
          view: firstCheckView(kept.length),
        })
        return { success: true, job_id: id, status: 'analyzing', message: 'Check job created and processing started.' }
      }
      const looking = { ...call, progress: after(call, pages.length), clock }
      // Nobody far away is asked about nothing.
      if (pages.length === 0 && choice.kind !== 'local')
        return toCheckAnswer({ host: unaskedHost(choice, clock, pages) }, notes)
      const asked = {
        check: async (all: readonly PageToCheck[], of: Pick<Call, 'actor' | 'signal' | 'progress'>) => {
          if (input.accept_host_key !== undefined) await accept(choice, input.accept_host_key, call)
          return host.check(all, of)
        },
      }
      const checked: CheckedPages = await checkPagesOn(asked, choice, pages, looking)
      return toCheckAnswer(checked, notes)
    },
  })

  function accept(choice: HostChoice, key: true | string, { actor, signal }: Call): Promise<void> {
    return hosts.acceptKey(choice, key, actor, signal)
  }
}

/** What comes behind the reading of so many pages: progress only ever rises. */
const after =
  ({ progress }: Pick<Call, 'progress'>, pages: number): Call['progress'] =>
  ({ done, total, ...rest }) =>
    progress({ ...rest, done: done + pages, ...(total === undefined ? {} : { total: total + pages }) })
