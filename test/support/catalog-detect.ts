import { civitdlPattern } from '../../src/catalog/civitdl-name.ts'
import { classify } from '../../src/catalog/classify.ts'
import { checkPages } from '../../src/catalog/detect/check-pages.ts'
import { foldersToLook } from '../../src/catalog/detect/folders-to-look.ts'
import { indexListing, type Listing } from '../../src/catalog/detect/index-listing.ts'
import type { FileCheck, PageCheck } from '../../src/catalog/detect/page-check.ts'
import type { CivitdlIds, ExpectedFile } from '../../src/catalog/expected-file.ts'
import { readPage } from '../../src/catalog/page.ts'
import { type PageReport, toPageReport } from '../../src/catalog/page-report.ts'

export const HOME = '/workspace/ui'

/** What `wget -P "$UI_HOME"/models/VAE …/harbor.safetensors` places, but for what a test says of it. */
export function expectedFile(changes: Partial<ExpectedFile> & { readonly nowhere?: true } = {}): ExpectedFile {
  const { nowhere, ...own } = changes
  const name = own.names?.[0] ?? 'harbor.safetensors'
  return {
    program: 'wget',
    line: 1,
    source: { kind: 'url', url: `https://example.com/${name}` },
    expected: name,
    names: [name],
    ...(nowhere === true || own.absolute_folder !== undefined ? {} : { folder: 'models/VAE' }),
    is_below: false,
    ...own,
  }
}

/** What `civitdl …models/1?modelVersionId=2 "$UI_HOME"/models/Lora` places. */
export const civitdlFile = (
  ids: CivitdlIds,
  changes: Partial<ExpectedFile> & { readonly nowhere?: true } = {},
): ExpectedFile =>
  expectedFile({
    program: 'civitdl',
    source: { kind: 'civitai', ...ids },
    civitdl: ids,
    expected: civitdlPattern(ids),
    names: [],
    ...(changes.nowhere === true || changes.absolute_folder !== undefined ? {} : { folder: 'models/Lora' }),
    is_below: true,
    ...changes,
  })

export const reportOf = (files: readonly ExpectedFile[], changes: Partial<PageReport> = {}): PageReport => ({
  file_path: 'page.md',
  syntax_type: 'WGET_NO_AIR',
  tested: 'No',
  is_valid: false,
  checkable: files.length > 0,
  air: null,
  download_count: files.length,
  notes: [],
  files,
  ...changes,
})

/** As the page itself says, front matter and all. */
export const reportOfText = (text: string): PageReport => toPageReport('page.md', classify(readPage(text)))

export type ListingChanges = Partial<Omit<Listing, 'files'>> & {
  /** Paths below the home, or absolute, with their sizes. */
  readonly files?: Readonly<Record<string, number>>
  readonly digests?: Readonly<Record<string, string>>
}

const absolute = (path: string): string => (path.startsWith('/') ? path : `${HOME}/${path}`)

/** A host on which every folder that the page needs was looked through. */
export function listingFor(page: PageReport, changes: ListingChanges): Listing {
  const { files = {}, digests = {}, folders, ...rest } = changes
  const asked = foldersToLook([page])
  return {
    uiHome: HOME,
    userHome: '/home/me',
    checkedAt: 1_000,
    folders:
      folders ??
      asked.map((folder) => ({ path: absolute(folder.replace(/^~/, '/home/me')), state: 'listed' as const })),
    files: Object.entries(files).map(([path, sizeBytes]) => ({ path: absolute(path), sizeBytes })),
    sha256: new Map(Object.entries(digests).map(([path, digest]) => [absolute(path), digest])),
    ...rest,
  }
}

export function checkPage(page: PageReport, changes: ListingChanges = {}): PageCheck {
  const check = checkPages([page], indexListing(listingFor(page, changes))).get(page.file_path)
  if (check === undefined) throw new Error('It was not checked')
  return check
}

/** The only file of a page. */
export function checkFile(file: ExpectedFile, changes: ListingChanges = {}): FileCheck {
  const [check] = checkPage(reportOf([file]), changes).files
  if (check === undefined) throw new Error('It has no file')
  return check
}
