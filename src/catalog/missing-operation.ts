import { realpath } from 'node:fs/promises'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { Clock } from '../lib/clock.ts'
import { fromJson } from '../lib/json.ts'
import { type Call, defineOperation, type Operation, traceOf } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'
import type { CatalogHosts } from './check/catalog-hosts.ts'
import { checkPagesOn } from './check/check-pages-on.ts'
import { forwardMissing } from './check/forward-missing.ts'
import { hostEntries, readHostChoice } from './check/host-choice.ts'
import { MISSING_KIND } from './check/missing-job.ts'
import { firstMissingView, type MissingInput } from './check/missing-view.ts'
import { findMissing, orderMissing } from './check/order-missing.ts'
import { readPagesToCheck } from './check/pages-to-check.ts'
import type { OpenNode } from './detect/node-client.ts'
import { catalogDirField, catalogItemsField, type ReadCatalogDeps } from './validate-operation.ts'

export interface MissingDeps extends ReadCatalogDeps {
  readonly hosts: CatalogHosts
  readonly openNode: OpenNode
  readonly jobs: Pick<JobRunner, 'create' | 'retry'>
  readonly clock: Clock
  /** Homes of UIs of this host, absolute, the one that counts first. */
  readonly uiHomes: () => readonly string[]
  /** Where addresses of this caller's pages may lead. */
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
}

const realPathOf = (path: string): Promise<string> => realpath(path).catch(() => path)

export function createMissingOperation(deps: MissingDeps): Operation {
  const { hosts, jobs, clock, hostsFor } = deps
  return defineOperation({
    name: 'download_missing',
    summary: 'Download the files of catalog pages that are not on this host',
    description:
      'Checks as check_downloads does and starts a download for each file that is missing, partial or corrupt and whose page tells from where it comes: within the settings, each file once, into the folder of this UI that the page means. ' +
      'With node the other airkeep does so on its own host, and its jobs are there; by ssh nothing can be downloaded. ' +
      'Before: check_downloads shows what is missing. After: get_model_job with the job_id, until status is completed or partially_completed.',
    example: { catalog_dir: '/workspace/catalog' },
    effect: 'write',
    permission: 'models:download',
    http: { method: 'post', path: '/v1/catalog/download-missing', status: 202 },
    paths: ['catalog_dir'],
    input: v.strictObject({
      items: catalogItemsField,
      catalog_dir: catalogDirField,
      ...hostEntries,
      wait: v.optional(v.pipe(v.boolean(), v.description('As of check_downloads; nothing waits for downloads'))),
      max_size_bytes: v.optional(
        v.pipe(
          v.number(),
          v.safeInteger(),
          v.minValue(1),
          v.description('In place of CivitAI.MaxDownloadSizeBytes, for each of these files'),
        ),
      ),
    }),
    output: v.object({
      job_id: v.pipe(v.string(), v.description('Follows all of them')),
      status: v.string(),
      message: v.string(),
      jobs: v.array(
        v.object({
          job_id: v.string(),
          expected: v.string(),
          file_paths: v.array(v.string()),
          in_the_way: v.optional(v.pipe(v.string(), v.description('A damaged file that has its name'))),
        }),
      ),
      left_out: v.pipe(
        v.array(v.object({ file_path: v.string(), expected: v.string(), reason: v.string() })),
        v.description('Files that are not fetched, and why'),
      ),
      notes: v.array(v.string()),
      node: v.optional(v.pipe(v.string(), v.description('Where the jobs are, if not here'))),
    }),
    async run(input, call) {
      const choice = readHostChoice(input)
      if (choice.kind === 'ssh') {
        throw new AppError('invalid_input', 'By ssh a host is only looked at: nothing is downloaded there', {
          hint: 'Run airkeep on that host, and call download_missing there or with node',
          errors: [{ path: 'ssh_host', expected: 'ssh_host cannot be used with download_missing' }],
        })
      }
      const host = hosts.choose(choice, call.actor)
      const { pages, notes } = await readPagesToCheck(deps, input, call)
      if (choice.kind === 'node') {
        const open = await deps.openNode(choice.name, { signal: call.signal, trace: traceOf(call) })
        const { ui_home, max_size_bytes } = input
        return { ...(await forwardMissing(open, pages, { ui_home, max_size_bytes }, call.signal)), notes: [...notes] }
      }
      const checked = await checkPagesOn(host, choice, pages, { ...call, clock })
      if (checked.failure !== undefined) throw checked.failure
      const { actor } = call
      const { orders, leftOut } = findMissing(pages, checked.host.results, actor, {
        hosts: hostsFor(actor),
        maxSizeBytes: input.max_size_bytes,
        home: input.ui_home === undefined ? undefined : await homeFor(checked.host.ui_home, actor),
      })
      const ordered = await orderMissing(orders, jobs, actor)
      return { ...(await follow(ordered, leftOut, call)), notes: [...notes] }
    },
  })

  /**
   * The home that files go into, where that is not the one of the settings. Folders that callers with a token may read
   * are not for writing. A symlink to a home is that home.
   * @throws AppError forbidden
   */
  async function homeFor(home: string | null, actor: Actor): Promise<string | undefined> {
    if (home === null) return undefined
    const homes = deps.uiHomes()
    const [real, ...reals] = await Promise.all([home, ...homes].map(realPathOf))
    const at = reals.indexOf(real ?? home)
    if (at === 0) return undefined
    if (actor.kind === 'owner') return home
    const own = homes[at]
    if (own !== undefined) return own
    throw new AppError('forbidden', 'Callers with a token have files placed in the UIs of this host alone', {
      hint: 'Leave ui_home out, or name the home of a UI that is configured on this host',
    })
  }

  async function follow(
    ordered: Awaited<ReturnType<typeof orderMissing>>,
    leftOut: ReturnType<typeof findMissing>['leftOut'],
    { actor }: Call,
  ) {
    const input: MissingInput = {
      ordered: ordered.map(({ in_the_way, ...order }) => ({
        ...order,
        file_paths: [...order.file_paths],
        ...(in_the_way === undefined ? {} : { in_the_way }),
      })),
      left_out: leftOut.map((file) => ({ ...file })),
    }
    const { id } = await jobs.create(MISSING_KIND, { actor, input: fromJson(input), view: firstMissingView(input) })
    const count = ordered.length
    const message = count === 0 ? 'There is nothing to download.' : `${count} downloads created and started.`
    return { job_id: id, status: 'downloading', message, jobs: input.ordered, left_out: input.left_out }
  }
}
