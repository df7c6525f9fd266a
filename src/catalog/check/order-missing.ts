import { isAppError } from '../../errors.ts'
import type { JobRunner } from '../../jobs/runner.ts'
import { inParallel } from '../../lib/in-parallel.ts'
import { fromJson } from '../../lib/json.ts'
import { type DownloadInput, downloadKey } from '../../models/fetch/download-input.ts'
import { DOWNLOAD_KIND } from '../../models/fetch/download-job.ts'
import { firstDownloadView } from '../../models/fetch/download-view.ts'
import type { Actor } from '../../operation/permission.ts'
import type { PageToCheck } from '../detect/catalog-host.ts'
import type { FileCheck, PageCheck } from '../detect/page-check.ts'
import { placeKey, type WantedFileOptions, wantedFile } from './wanted-file.ts'

/** A file that is to be fetched, and the pages that want it. */
export interface Order {
  readonly input: DownloadInput
  readonly key: string
  readonly expected: string
  readonly file_paths: readonly string[]
  /** A damaged or unfinished file under the name that it should have: nothing replaces it unasked. */
  readonly in_the_way?: string | undefined
}

/** A file that is not there and is not fetched. */
export interface LeftOut {
  readonly file_path: string
  readonly expected: string
  readonly reason: string
}

export interface Missing {
  readonly orders: readonly Order[]
  readonly leftOut: readonly LeftOut[]
}

const TO_FETCH: ReadonlySet<FileCheck['status']> = new Set(['missing', 'partial', 'corrupt'])

/** Which files are to be fetched: those that are not there, each once for each place, however many pages want it. */
export function findMissing(
  pages: readonly PageToCheck[],
  checks: ReadonlyMap<string, PageCheck>,
  actor: Actor,
  options: WantedFileOptions,
): Missing {
  const orders = new Map<string, { readonly order: Omit<Order, 'file_paths'>; readonly pages: Set<string> }>()
  const leftOut: LeftOut[] = []
  for (const { report } of pages) {
    const { file_path, files } = report
    for (const [at, file] of files.entries()) {
      const check = checks.get(file_path)?.files[at]
      if (check === undefined) continue
      const { expected } = file
      const leave = (reason: string) => leftOut.push({ file_path, expected, reason })
      if (check.status === 'unknown') leave(check.reason ?? 'Nobody could look whether it is there')
      if (!TO_FETCH.has(check.status)) continue
      try {
        const input = wantedFile(file, options)
        if (input === undefined) {
          leave('The page does not tell from where it comes')
          continue
        }
        const key = `${downloadKey(input, actor, 'request')} ${placeKey(input)}`
        const known = orders.get(key)
        const inTheWay = check.path === undefined ? {} : { in_the_way: check.path }
        const order = { input, key, expected, ...inTheWay }
        if (known === undefined) orders.set(key, { order, pages: new Set([file_path]) })
        else known.pages.add(file_path)
      } catch (error) {
        if (!isAppError(error) || error.code === 'internal') throw error
        leave(error.message)
      }
    }
  }
  return { orders: [...orders.values()].map(({ order, pages: by }) => ({ ...order, file_paths: [...by] })), leftOut }
}

export interface Ordered extends Pick<Order, 'expected' | 'file_paths' | 'in_the_way'> {
  readonly job_id: string
}

/** Starts the downloads, or joins those that run already; paused ones go on. */
export async function orderMissing(
  orders: readonly Order[],
  jobs: Pick<JobRunner, 'create' | 'retry'>,
  actor: Actor,
): Promise<readonly Ordered[]> {
  const ordered: Ordered[] = []
  await inParallel([...orders.entries()], 8, async ([at, { input, key, ...order }]) => {
    const row = await jobs.create(DOWNLOAD_KIND, { actor, input: fromJson(input), view: firstDownloadView(input), key })
    if (row.status === 'paused') await jobs.retry(row.id)
    ordered[at] = { job_id: row.id, ...order }
  })
  return ordered
}
