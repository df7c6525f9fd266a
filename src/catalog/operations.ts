import type { LocalFiles } from '../access/local-files.ts'
import type { Operation } from '../operation/operation.ts'
import type { LabelOf } from './fix/fix-page.ts'
import { createFixOperation } from './fix-operation.ts'
import { createNamedPages } from './named-pages.ts'
import type { PageReader } from './read/page-reader.ts'
import { createValidateOperation } from './validate-operation.ts'

export interface CatalogPageDeps {
  readonly reader: PageReader
  readonly localFiles: LocalFiles
  /** The catalogs of this host, as configured: callers with a token may change pages there alone. */
  readonly roots: () => readonly string[]
  readonly labelOf: LabelOf
}

/** What can be done with the pages of a catalog by themselves. */
export function createCatalogPageOperations({
  reader,
  localFiles,
  roots,
  labelOf,
}: CatalogPageDeps): readonly Operation[] {
  const pages = createNamedPages({ localFiles, roots })
  return [createValidateOperation({ reader, pages }), createFixOperation({ reader, pages, labelOf })]
}
