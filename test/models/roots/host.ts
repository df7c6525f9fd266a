import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type FoundRoots, findModelRoots, type RootDeps, type RootSettings } from '../../../src/models/roots/find.ts'
import type { Search } from '../../../src/models/roots/search.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'

/** Contents by path; a path that ends with `/` is an empty folder. */
export type Tree = Readonly<Record<string, string>>

export function plant(root: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    const full = join(root, path)
    if (path.endsWith('/')) mkdirSync(full, { recursive: true })
    else {
      mkdirSync(dirname(full), { recursive: true })
      writeFileSync(full, content)
    }
  }
}

/** A machine of its own: nothing outside its folder is looked at. */
export interface TestHost extends TempDir {
  find(settings?: Partial<RootSettings>, deps?: Partial<RootDeps>): Promise<FoundRoots>
  /** Roots as `<type or ->:<layout>:<path below the folder>`. */
  roots(settings?: Partial<RootSettings>, deps?: Partial<RootDeps>): Promise<readonly string[]>
}

export function testHost(tree: Tree = {}): TestHost {
  const folder = tempDir()
  plant(folder.path, tree)
  const below = (path: string): string =>
    path.startsWith(`${folder.path}/`) ? path.slice(folder.path.length + 1) : path
  const find: TestHost['find'] = (settings = {}, deps = {}) =>
    findModelRoots(
      { models: [], ui_home: '', comfy_url: '', comfy_args: '', a1111_args: '', ...settings },
      {
        env: {},
        homeDir: join(folder.path, 'home'),
        environmentFile: join(folder.path, 'environment'),
        usualHomes: [],
        signal: new AbortController().signal,
        fetchComfyFolders: () => Promise.reject(new Error('nothing is to be fetched')),
        ...deps,
      },
    )
  return {
    path: folder.path,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
    find,
    async roots(settings, deps) {
      const { roots } = await find(settings, deps)
      return roots.map(({ path, type, layout }) => `${type ?? '-'}:${layout}:${below(path)}`)
    },
  }
}

/** For the readers of single files. */
export function testSearch(given: Partial<Search> = {}): Search & { readonly notes: readonly string[] } {
  const notes: string[] = []
  return {
    env: {},
    homeDir: '/home/me',
    comfyArgs: '',
    a1111Args: '',
    notes,
    note: (text) => {
      notes.push(text)
    },
    ...given,
  }
}
