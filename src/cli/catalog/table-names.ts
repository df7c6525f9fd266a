import { readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { readCatalogCsv } from './csv.ts'

/** What was typed, and what that is to be told from. */
export interface TypedPages {
  readonly cwd: string
  readonly paths: readonly string[]
  /** Folders of catalogs, as configured. */
  readonly catalogs: readonly string[]
}

/**
 * How the table of a catalog calls pages: by their paths below the catalog, however they were typed. Where the catalog
 * begins is told by the rows of the table, else by the settings, else by what was typed.
 * @param csv path of the table, which need not be there
 * @param shown the pages' names as people see them
 */
export async function namesInTable(
  csv: string,
  typed: TypedPages,
  shown: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const folders = await foldersTyped(typed)
  const base = folders.only ?? typed.cwd
  const pages = new Map(shown.map((name) => [name, resolve(base, name)] as const))
  const usual = usualRoot(typed, folders)
  const root = await rootByRows(await rowsOf(csv), [...pages.values()], usual)
  return new Map([...pages].map(([name, path]) => [name, below(path, root) ?? below(path, usual) ?? name]))
}

interface Folders {
  /** In which there are pages. */
  readonly all: readonly string[]
  /** None of them was typed itself. */
  readonly areOfPages: boolean
  /** The names of pages begin there. */
  readonly only?: string
}

async function foldersTyped({ cwd, paths }: TypedPages): Promise<Folders> {
  const all = await Promise.all(
    paths.map(async (typed) => {
      const path = resolve(cwd, typed)
      const isFolder = await stat(path).then(
        (stats) => stats.isDirectory(),
        () => false,
      )
      return { folder: isFolder ? path : dirname(path), isFolder }
    }),
  )
  const [first, ...others] = all
  const isOnly = first?.isFolder === true && others.length === 0
  return {
    all: all.map(({ folder }) => folder),
    areOfPages: all.every(({ isFolder }) => !isFolder),
    ...(isOnly ? { only: first.folder } : {}),
  }
}

/** The configured catalog that holds all of it; for pages alone where they were typed; else the nearest folder that does. */
function usualRoot({ cwd, catalogs }: TypedPages, { all: folders, areOfPages }: Folders): string {
  const holdsAll = (root: string): boolean =>
    folders.every((folder) => folder === root || below(folder, root) !== undefined)
  const configured = catalogs.map((catalog) => resolve(cwd, catalog)).find(holdsAll)
  if (configured !== undefined) return configured
  if (areOfPages && holdsAll(cwd)) return cwd
  let root = folders[0] ?? cwd
  while (!holdsAll(root) && dirname(root) !== root) root = dirname(root)
  return root
}

/**
 * The folder below which most pages are what rows name; of equal ones the usual. A row that is a page of the usual one,
 * whether or not that was typed, speaks for no other.
 */
async function rootByRows(rows: ReadonlySet<string>, pages: readonly string[], usual: string): Promise<string> {
  const found = new Map<string, number>()
  for (const page of pages) {
    for (let root = dirname(page); ; root = dirname(root)) {
      const row = below(page, root)
      const isNamed = row !== undefined && rows.has(row)
      if (isNamed && (root === usual || !(await isThere(join(usual, row))))) found.set(root, (found.get(root) ?? 0) + 1)
      if (dirname(root) === root) break
    }
  }
  let [best, most] = [usual, found.get(usual) ?? 0]
  for (const [root, count] of found) if (count > most) [best, most] = [root, count]
  return best
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  )

async function rowsOf(csv: string): Promise<ReadonlySet<string>> {
  const bytes = await readFile(csv).catch(() => new Uint8Array())
  return new Set(readCatalogCsv(bytes).map(({ file_path }) => file_path))
}

/** `/` between the parts. */
function below(path: string, root: string): string | undefined {
  const name = relative(root, path)
  if (name === '' || name === '..' || name.startsWith(join('..', sep)) || isAbsolute(name)) return undefined
  return name.split(sep).join('/')
}
