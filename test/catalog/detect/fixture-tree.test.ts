import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { catalogPages } from '../../../scripts/fixtures/catalog/build.ts'
import { makeTree } from '../../../scripts/fixtures/catalog/make-tree.ts'
import { type ModelTree, TREE_LAYOUTS, type TreeVerdict } from '../../../scripts/fixtures/catalog/tree.ts'
import { classify } from '../../../src/catalog/classify.ts'
import { FILE_STATUSES, PAGE_STATUSES, type PageCheck } from '../../../src/catalog/detect/page-check.ts'
import { readPageBytes } from '../../../src/catalog/page.ts'
import { toPageReport } from '../../../src/catalog/page-report.ts'
import { type LocalCatalog, openLocalCatalog, rowOfFile } from '../../support/local-catalog.ts'
import { addModelRows } from '../../support/model-rows.ts'

const fixtures = join(import.meta.dir, '..', '..', '..', 'fixtures', 'catalog')
const reports = catalogPages.map(({ path, bytes }) => toPageReport(path, classify(readPageBytes(bytes))))

describe.each([...TREE_LAYOUTS])('the pages of the catalog on a host with %s', (layout) => {
  const tree: ModelTree = JSON.parse(readFileSync(join(fixtures, `tree-${layout}.json`), 'utf8'))
  let host: LocalCatalog
  let checks: ReadonlyMap<string, PageCheck>
  beforeAll(async () => {
    host = await openLocalCatalog()
    makeTree(host.home, tree)
    const hashed = tree.files.flatMap(({ path, sha256 }) => (sha256 === undefined ? [] : [{ path, sha256 }]))
    await addModelRows(
      host.models.db,
      hashed.map(({ path, sha256 }) => rowOfFile(host.home, path, { sha256 })),
    )
    checks = (await host.check(reports)).results
  })
  afterAll(() => host.close())

  const verdictOf = (page: string): TreeVerdict | undefined => {
    const check = checks.get(page)
    return check === undefined
      ? undefined
      : {
          status: check.status,
          files: check.files.map(({ status, path }) => ({
            status,
            ...(path === undefined ? {} : { path: relative(host.home, path) }),
          })),
        }
  }

  test.each(Object.entries(tree.verdicts))('%s', (page, verdict) => {
    expect(verdictOf(page)).toEqual(verdict)
    const check = checks.get(page)
    expect(check?.downloaded).toBe(verdict.status === 'all')
    const there = verdict.files.find(({ status }) => ['verified', 'present', 'elsewhere'].includes(status))
    expect(check?.path).toBe(there?.path === undefined ? null : join(host.home, there.path))
  })

  test('are all answered, and in every state that files can be in', () => {
    expect([...checks.keys()].toSorted()).toEqual(Object.keys(tree.verdicts).toSorted())
    expect(checks.size).toBe(207)
    const statuses = new Set([...checks.values()].flatMap(({ files }) => files.map(({ status }) => status)))
    // Only the one layout has a file whose digest is the expected one.
    expect(FILE_STATUSES.filter((status) => !statuses.has(status))).toEqual(layout === 'forge' ? [] : ['verified'])
    const pages = new Set([...checks.values()].map(({ status }) => status))
    expect(PAGE_STATUSES.filter((status) => !pages.has(status))).toEqual([])
  })
})
