import { statSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalFiles } from '../../src/access/local-files.ts'
import type { HostAnswer } from '../../src/catalog/detect/catalog-host.ts'
import { createKnownFiles } from '../../src/catalog/detect/local/known-files.ts'
import { createLocalHost } from '../../src/catalog/detect/local/local-host.ts'
import { createFolderLooker } from '../../src/catalog/detect/local/looker.ts'
import type { FileCheck, PageCheck } from '../../src/catalog/detect/page-check.ts'
import type { ExpectedFile } from '../../src/catalog/expected-file.ts'
import type { PageReport } from '../../src/catalog/page-report.ts'
import { toMicroseconds } from '../../src/lib/file-numbers.ts'
import { stemKeyOf } from '../../src/models/library/rows.ts'
import { findModelRoots, type RootDeps } from '../../src/models/roots/find.ts'
import type { Call } from '../../src/operation/operation.ts'
import { reportOf } from './catalog-detect.ts'
import type { ModelRowInsert } from './model-rows.ts'
import { type ModelHost, openModels } from './models.ts'
import { aCall } from './track.ts'

/** This host as the program wires it: real files, thread, database. */
export interface LocalCatalog {
  readonly models: ModelHost
  /** `ui` below the folder of the models: the home of the UI. */
  readonly home: string
  check(pages: readonly PageReport[], options?: LocalCheckOptions): Promise<HostAnswer>
  page(page: PageReport, options?: LocalCheckOptions): Promise<PageCheck>
  /** The only file of a page. */
  file(expected: ExpectedFile, options?: LocalCheckOptions): Promise<FileCheck>
  close(): Promise<void>
}

export interface LocalCheckOptions extends Partial<Call> {
  readonly uiHome?: string
}

export interface LocalCatalogOptions {
  /** Model folders below the folder of the host. @default `ui/models` */
  readonly roots?: readonly string[]
  /** @default `ui` */
  readonly uiHomes?: readonly string[]
  /** Those of the roots that are no home's. */
  readonly shared?: readonly string[]
}

const NOTHING_SET = { models: [], ui_home: '', comfy_url: '', comfy_args: '', a1111_args: '' }
const rootDeps = (homeDir: string): RootDeps => ({
  env: {},
  homeDir,
  environmentFile: join(homeDir, 'environment'),
  usualHomes: [],
  signal: new AbortController().signal,
  fetchComfyFolders: () => Promise.reject(new Error('No ComfyUI runs here')),
})

export async function openLocalCatalog({
  roots = ['ui/models'],
  uiHomes = ['ui'],
  shared = [],
}: LocalCatalogOptions = {}): Promise<LocalCatalog> {
  const models = await openModels({ roots })
  const { dir, db, clock } = models
  const modelRoots = roots.map((root) => join(dir, root))
  const looker = createFolderLooker()
  const host = createLocalHost({
    looker,
    findKnown: createKnownFiles({ db, instanceId: () => 'here' }),
    localFiles: createLocalFiles({ roots: () => modelRoots }),
    modelRoots: () => modelRoots.map((path) => ({ path, type: undefined })),
    sharedRoots: () => shared.map((root) => ({ path: join(dir, root), type: undefined })),
    rootsOfHome: (path) => findModelRoots({ ...NOTHING_SET, ui_home: path }, rootDeps(join(dir, 'user'))),
    uiHomes: () => uiHomes.map((home) => join(dir, home)),
    userHome: join(dir, 'user'),
    clock,
    instanceId: () => 'here',
  })
  const check: LocalCatalog['check'] = (pages, { uiHome, ...call } = {}) =>
    host.at(uiHome).check(
      pages.map((report) => ({ report })),
      aCall(call),
    )
  const page: LocalCatalog['page'] = async (report, options) => {
    const found = (await check([report], options)).results.get(report.file_path)
    if (found === undefined) throw new Error('It was not checked')
    return found
  }
  return {
    models,
    home: join(dir, 'ui'),
    check,
    page,
    async file(expected, options) {
      const [file] = (await page(reportOf([expected]), options)).files
      if (file === undefined) throw new Error('It has no file')
      return file
    },
    async close() {
      await looker.close()
      await models.close()
    },
  }
}

/** The row that a scan would leave of a file below `root`. */
export function rowOfFile(
  root: string,
  relative: string,
  changes: Partial<ModelRowInsert> = {},
): Partial<ModelRowInsert> {
  const path = join(root, relative)
  const { size, mtimeNs, ctimeNs, dev, ino } = statSync(path, { bigint: true })
  return {
    path,
    root,
    relative,
    name: relative,
    stemKey: stemKeyOf(relative),
    sizeBytes: Number(size),
    modifiedUs: toMicroseconds(mtimeNs),
    changedUs: toMicroseconds(ctimeNs),
    device: String(dev),
    inode: String(ino),
    inspectedAt: 1,
    ...changes,
  }
}
