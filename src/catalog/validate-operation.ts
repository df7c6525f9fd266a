import * as v from 'valibot'
import { parseAir } from '../air/air.ts'
import { AppError, isAppError } from '../errors.ts'
import { inParallel } from '../lib/in-parallel.ts'
import { listPages } from '../lib/page-folder.ts'
import { requiredTextField, textField } from '../operation/fields.ts'
import { type Call, defineOperation, type Operation } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'
import { airKey } from './air-key.ts'
import { SYNTAX_TYPES } from './classify.ts'
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
  // Programs that have no AIR for a page say so with null.
  air: v.optional(v.nullable(textField('AIR that the page is thought to have; a difference is noted', 1000))),
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

interface CatalogInput {
  readonly catalog_dir?: string | undefined
  readonly items?: readonly CatalogItem[] | undefined
}

/**
 * Reads and judges the pages of a folder, or those that a caller names.
 * @param orConfigured where neither is given, those of the configured catalogs
 * @throws AppError invalid_input (neither is given; the folder is none), not_found, forbidden, payload_too_large
 */
export async function readCatalog(
  { reader, pages: named }: ReadCatalogDeps,
  input: CatalogInput,
  call: Pick<Call, 'actor' | 'signal' | 'progress'>,
  orConfigured = false,
): Promise<CatalogReading> {
  const { catalog_dir, items } = input
  const catalog = catalog_dir === undefined ? undefined : await named.openCatalog(catalog_dir, call.actor)
  const notes: string[] = []
  const requests: (PageRequest | PageReport)[] = []
  if (items === undefined) {
    const folders = catalog === undefined && orConfigured ? await named.openConfigured(call.actor) : [catalog]
    const listed = await listCatalogs(
      folders.flatMap((folder) => folder ?? []),
      call.signal,
    )
    requests.push(...listed.requests)
    notes.push(...listed.notes)
  }
  await inParallel([...(items ?? []).entries()], 16, async ([at, item]) => {
    requests[at] = await toRequest(item, named, catalog, call.actor)
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

/** @param folders real paths; of pages with one path below them the first counts, as where they are asked for by it */
async function listCatalogs(folders: readonly string[], signal: AbortSignal) {
  if (folders.length === 0) {
    throw new AppError('invalid_input', 'Give catalog_dir, the folder of the catalog, or items', {
      errors: [{ path: 'catalog_dir', expected: 'catalog_dir or items must be given' }],
    })
  }
  const requests = new Map<string, PageRequest | PageReport>()
  const notes: string[] = []
  for (const folder of folders) {
    const listed = await listPages(folder, signal)
    notes.push(...listed.notes)
    for (const { file_path, path, fault } of listed.pages) {
      if (requests.has(file_path)) notes.push(`${file_path} is in several catalogs: that of the first counts`)
      else if (path !== undefined) requests.set(file_path, { file_path, path })
      else requests.set(file_path, unreadablePage(file_path, fault ?? 'It cannot be read'))
    }
  }
  return { requests: [...requests.values()], notes }
}

async function toRequest(
  { file_path, content, unreadable }: CatalogItem,
  named: NamedPages,
  catalog: string | undefined,
  actor: Actor,
): Promise<PageRequest | PageReport> {
  try {
    if (content === undefined && unreadable === undefined) {
      return { file_path, path: await named.find(file_path, catalog, actor) }
    }
    await named.refuseOutside(file_path, catalog)
    return content === undefined ? unreadablePage(file_path, unreadable ?? '') : { file_path, content }
  } catch (error) {
    if (isAppError(error) && error.code !== 'internal' && error.code !== 'cancelled') {
      return unreadablePage(file_path, error.message)
    }
    throw error
  }
}

/** The AIR that somebody gives beside a page does not replace the page's own. */
function compared(page: PageReport, item: CatalogItem | undefined): PageReport {
  const given = item?.air ?? ''
  if (given.trim() === '' || page.syntax_type === 'INVALID') return page
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
