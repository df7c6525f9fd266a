import * as v from 'valibot'
import { parseAir } from '../air/air.ts'
import { AppError, isAppError } from '../errors.ts'
import { inParallel } from '../lib/in-parallel.ts'
import { requiredTextField, textField } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation } from '../operation/operation.ts'
import { airKey } from './air-key.ts'
import { SYNTAX_TYPES } from './classify.ts'
import { listPages } from './folder.ts'
import { refuseClimbing } from './locate-page.ts'
import type { NamedPages } from './named-pages.ts'
import { noteDuplicates, type PageReport, pageReportSchema, unreadablePage } from './page-report.ts'
import type { PageRequest } from './read/messages.ts'
import type { PageReader } from './read/page-reader.ts'
import { countPages } from './statistics.ts'

export interface ReadCatalogDeps {
  readonly reader: PageReader
  readonly pages: NamedPages
}

export const catalogItemSchema = v.strictObject({
  file_path: requiredTextField('Path of the page below the folder of the catalog', 4000),
  air: v.optional(textField('AIR that the page is thought to have; a difference is noted', 1000)),
  content: v.optional(textField('Text of the page itself: then no file is read', 4 * 2 ** 20)),
  unreadable: v.optional(
    requiredTextField('Why its text cannot be given: then it is INVALID, and no file is read', 1000),
  ),
})
export type CatalogItem = v.InferOutput<typeof catalogItemSchema>

export const catalogItemsField = v.optional(
  v.pipe(v.array(catalogItemSchema), v.maxLength(10_000), v.description('Pages to read instead of a whole folder')),
)
export const catalogDirField = v.optional(textField('Folder of the catalog on the host where airkeep runs', 4000))

const shareSchema = v.object({ count: v.number(), percent: v.number() })

export interface CatalogReading {
  readonly pages: readonly PageReport[]
  /** Where the text of a page is to be had again, of those that could be read. */
  readonly texts: ReadonlyMap<string, PageRequest>
  /** Folders that could not be looked into. */
  readonly notes: readonly string[]
}

/**
 * Reads and judges the pages of a folder, or those that a caller names.
 * @throws AppError invalid_input (neither is given; the folder is none), not_found, forbidden, payload_too_large
 */
export async function readCatalog(
  { reader, pages: named }: ReadCatalogDeps,
  input: { readonly catalog_dir?: string | undefined; readonly items?: readonly CatalogItem[] | undefined },
  call: Pick<Call, 'actor' | 'signal' | 'progress'>,
): Promise<CatalogReading> {
  const { catalog_dir, items } = input
  if (catalog_dir === undefined && items === undefined) {
    throw new AppError('invalid_input', 'Give catalog_dir, the folder of the catalog, or items', {
      errors: [{ path: 'catalog_dir', expected: 'catalog_dir or items must be given' }],
    })
  }
  const catalog = catalog_dir === undefined ? undefined : await named.openCatalog(catalog_dir, call.actor)
  const notes: string[] = []
  const requests: (PageRequest | PageReport)[] = []
  if (items === undefined && catalog !== undefined) {
    const folder = await listPages(catalog, call.signal)
    notes.push(...folder.notes)
    for (const { file_path, path, fault } of folder.pages) {
      requests.push(path === undefined ? unreadablePage(file_path, fault ?? 'It cannot be read') : { file_path, path })
    }
  }
  await inParallel([...(items ?? []).entries()], 16, async ([at, item]) => {
    requests[at] = await toRequest(item, () => named.find(item.file_path, catalog, call.actor))
  })
  const readable = requests.filter((request): request is PageRequest => !isReport(request))
  const read = await reader.read(readable, call.signal, (done) =>
    call.progress({ done, total: readable.length, unit: 'items', message: 'reading pages' }),
  )
  let next = 0
  const reports = requests.map((request): PageReport => {
    if (isReport(request)) return request
    next += 1
    return read[next - 1] ?? unreadablePage(request.file_path, 'It cannot be read')
  })
  return {
    pages: noteDuplicates(items === undefined ? reports : reports.map((page, at) => compared(page, items[at]))),
    texts: new Map(readable.map((request) => [request.file_path, request])),
    notes,
  }
}

const isReport = (request: PageRequest | PageReport): request is PageReport => 'syntax_type' in request

async function toRequest(item: CatalogItem, find: () => Promise<string>): Promise<PageRequest | PageReport> {
  const { file_path, content, unreadable } = item
  try {
    refuseClimbing(file_path)
    if (unreadable !== undefined) return unreadablePage(file_path, unreadable)
    return content === undefined ? { file_path, path: await find() } : { file_path, content }
  } catch (error) {
    if (isAppError(error) && error.code !== 'internal' && error.code !== 'cancelled') {
      return unreadablePage(file_path, error.message)
    }
    throw error
  }
}

/** The AIR that somebody gives beside a page does not replace the page's own. */
function compared(page: PageReport, item: CatalogItem | undefined): PageReport {
  const given = item?.air === undefined || item.air.trim() === '' ? undefined : item.air
  if (given === undefined || page.syntax_type === 'INVALID') return page
  const [own, other] = [page.air === null ? undefined : parseAir(page.air), parseAir(given)]
  if (other === undefined) return { ...page, notes: [...page.notes, 'the AIR given with it cannot be read'] }
  if (own !== undefined && airKey(own) === airKey(other)) return page
  return { ...page, notes: [...page.notes, 'the AIR given with it is not that of the page'] }
}

export function createValidateOperation(deps: ReadCatalogDeps): Operation {
  return defineOperation({
    name: 'validate_catalog',
    summary: 'Judge the pages of a catalog: which can be checked for downloads',
    description:
      'Reads markdown pages with their front matter and download commands and gives each its class, whether it is valid by the rules of the catalog, ' +
      'and every file that its commands would place. Nothing is run and no host is looked at. Give catalog_dir or items. ' +
      'Before: nothing. After: fix_catalog_page for pages without an AIR, check_downloads for what is on a host.',
    example: { catalog_dir: '/workspace/catalog' },
    effect: 'read',
    permission: 'catalog:read',
    http: { method: 'post', path: '/v1/catalog/validate' },
    paths: ['catalog_dir'],
    input: v.strictObject({ catalog_dir: catalogDirField, items: catalogItemsField }),
    output: v.object({
      pages: v.array(pageReportSchema),
      statistics: v.object({
        total_pages: v.number(),
        valid: shareSchema,
        with_air: shareSchema,
        with_commands: shareSchema,
        syntax_types: v.object(v.entriesFromList(SYNTAX_TYPES, shareSchema)),
        text: v.pipe(v.string(), v.description('The same in lines, for people')),
      }),
      notes: v.array(v.string()),
    }),
    async run(input, call) {
      const { pages, notes } = await readCatalog(deps, input, call)
      return { pages: pages.map(toAnswer), statistics: countPages(pages), notes: [...notes] }
    },
  })
}

/** Lists of an answer are its own. */
const toAnswer = (page: PageReport) => ({
  ...page,
  notes: [...page.notes],
  files: page.files.map((file) => ({ ...file, names: [...file.names] })),
})
