import * as v from 'valibot'
import { unlooked } from '../check/unlooked.ts'
import type { PageReport } from '../page-report.ts'
import type { CatalogHost, PageToCheck } from './catalog-host.ts'
import { THERE } from './judge-file.ts'
import { type NodeAnswer, type NodePage, nodeAnswerSchema } from './node-answer.ts'
import type { OpenNode } from './node-client.ts'
import { NodeFailure } from './node-failure.ts'
import type { PageCheck } from './page-check.ts'
import { nameToSend, openTextOf } from './page-texts.ts'

/** Another airkeep reads up to 16 MiB of JSON in one request unless it is told otherwise. */
const MOST_BYTES = 8 * 2 ** 20
const MOST_PAGES = 2_000

export interface NodeHostOptions {
  readonly open: OpenNode
  /** As it was added. */
  readonly name: string
  /** On that host. */
  readonly uiHome?: string | undefined
}

/** Another airkeep: it gets the text of the pages, so that it reads them itself, and looks through its own folders. */
export function createNodeHost({ open, name, uiHome }: NodeHostOptions): CatalogHost {
  return {
    async check(pages, { signal, progress }) {
      const node = await open(name, { signal })
      const results = new Map<string, PageCheck>()
      let last: NodeAnswer | undefined
      for await (const items of inParts(pages, signal)) {
        const body = { items: items.map(({ item }) => item), ...(uiHome === undefined ? {} : { ui_home: uiHome }) }
        const answer = await node.post('/api/catalog/check-downloads', 'check_downloads', body, { signal })
        last = read(name, answer)
        for (const { report } of items) results.set(report.file_path, toCheck(report, last))
        progress({ done: results.size, total: pages.length, unit: 'items', message: `${name} looks for files` })
      }
      if (last === undefined) throw new NodeFailure('node_unusable', name, 'it was not asked')
      for (const { report } of pages) {
        if (results.has(report.file_path)) continue
        results.set(report.file_path, unlooked(report, 'Its text could not be sent to the node'))
      }
      return {
        instance: last.instance,
        ui_home: last.ui_home,
        checkedAt: Date.parse(last.checked_at),
        results,
      }
    },
  }
}

interface SentPage {
  readonly report: PageReport
  readonly item: { readonly file_path: string; readonly content: string }
}

/** Pages with their text, as many as one request takes. */
async function* inParts(pages: readonly PageToCheck[], signal: AbortSignal): AsyncGenerator<readonly SentPage[]> {
  let part: SentPage[] = []
  let bytes = 0
  for (const page of pages) {
    signal.throwIfAborted()
    const content = await openTextOf(page)
    if (content === undefined) continue
    const item = { file_path: nameToSend(page.report.file_path), content }
    const size = Buffer.byteLength(JSON.stringify(item)) + 1
    if (size > MOST_BYTES) continue
    if (part.length > 0 && (bytes + size > MOST_BYTES || part.length >= MOST_PAGES)) {
      yield part
      part = []
      bytes = 0
    }
    part.push({ report: page.report, item })
    bytes += size
  }
  // Without any page there is still to be said who answers.
  yield part
}

function read(name: string, answer: unknown): NodeAnswer {
  const parsed = v.safeParse(nodeAnswerSchema, answer, { abortEarly: true })
  if (!parsed.success) throw new NodeFailure('node_unusable', name, 'its answer is not that of check_downloads')
  if (parsed.output.success) return parsed.output
  const status = parsed.output.host_status === 'no_ui_home' ? 'no_ui_home' : 'node_declined'
  throw new NodeFailure(status, name, parsed.output.reason ?? 'it could not look at its folders')
}

function toCheck(report: PageReport, { results }: NodeAnswer): PageCheck {
  const name = nameToSend(report.file_path)
  const page = Object.hasOwn(results, name) ? results[name] : undefined
  if (page === undefined) return unlooked(report, 'The node did not answer for it')
  if (!isConsistent(page)) return unlooked(report, 'The answer of the node contradicts itself')
  return { ...page, notes: [...new Set([...report.notes, ...page.notes])] }
}

/** "There" is said only of what the files bear out. */
function isConsistent({ downloaded, status, files }: NodePage): boolean {
  if (downloaded !== (status === 'all')) return false
  return !downloaded || (files.length > 0 && files.every((file) => THERE.has(file.status)))
}
