import type { LocalFiles } from '../access/local-files.ts'
import type { JobRunner } from '../jobs/runner.ts'
import type { Clock } from '../lib/clock.ts'
import type { Operation } from '../operation/operation.ts'
import type { Actor } from '../operation/permission.ts'
import type { CatalogHosts } from './check/catalog-hosts.ts'
import { createCheckOperation } from './check-operation.ts'
import type { OpenNode } from './detect/node-client.ts'
import type { LabelOf } from './fix/fix-page.ts'
import { createFixOperation } from './fix-operation.ts'
import { createMissingOperation } from './missing-operation.ts'
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

export interface CatalogHostDeps extends Omit<CatalogPageDeps, 'labelOf'> {
  readonly hosts: CatalogHosts
  readonly openNode: OpenNode
  readonly jobs: Pick<JobRunner, 'create' | 'retry'>
  readonly clock: Clock
  /** Homes of UIs of this host, absolute, the one that counts first. */
  readonly uiHomes: () => readonly string[]
  /** Where addresses of this caller's pages may lead. */
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
}

/** What can be said of the files of pages on a host, and done about them. */
export function createCatalogHostOperations(deps: CatalogHostDeps): readonly Operation[] {
  const pages = createNamedPages(deps)
  return [createCheckOperation({ ...deps, pages }), createMissingOperation({ ...deps, pages })]
}
