import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { AppError } from '../../errors.ts'
import { MOST_TEXT, type PageText, readPageText } from './page-text.ts'
import { pagesBelow } from './pages-below.ts'

/** One call about pages; all of a folder, or those that are named. */
export interface PagesInput {
  readonly catalog_dir?: string
  readonly items?: readonly {
    readonly file_path: string
    readonly content?: string
    readonly unreadable?: string
  }[]
}

export interface PagesCall {
  readonly input: PagesInput
  /** How a page of the answer is called for people who typed the paths. */
  readonly nameOf: (filePath: string) => string
  /** Folders that could not be looked into here. */
  readonly notes?: readonly string[]
}

export interface PagesOptions {
  readonly cwd: string
  /** The program that answers sees the same disk. */
  readonly sharesDisk: boolean
}

const MOST_ITEMS = 5_000

/**
 * The calls that read what was typed: a folder as one, files together; whoever answers from elsewhere gets the texts.
 * @throws AppError not_found, invalid_input
 */
export async function readPaths(paths: readonly string[], options: PagesOptions): Promise<PagesCall[]> {
  const { cwd, sharesDisk } = options
  const calls: PagesCall[] = []
  const files: NamedFile[] = []
  const notes: string[] = []
  for (const typed of paths) {
    if (typed === '') throw new AppError('invalid_input', 'A path is empty: name a page or the folder of a catalog')
    const path = resolve(cwd, typed)
    const nameOf = (page: string): string => (paths.length === 1 ? page : join(typed, page))
    if (!(await isFolder(path, typed))) files.push({ path, name: typed })
    else if (sharesDisk) calls.push({ input: { catalog_dir: path }, nameOf })
    else {
      const below = await pagesBelow(path)
      files.push(...below.pages.map((page) => ({ ...page, name: nameOf(page.name) })))
      notes.push(...below.notes)
    }
  }
  return [...calls, ...(sharesDisk ? byPath(files) : await byText(files, notes))]
}

interface NamedFile {
  readonly path?: string
  readonly name: string
  readonly fault?: string
}

async function isFolder(path: string, typed: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    throw new AppError('not_found', `Cannot read ${typed}`, { hint: 'Name a page or the folder of a catalog', cause })
  }
}

function byPath(files: readonly NamedFile[]): PagesCall[] {
  const names = new Map(files.flatMap(({ path, name }) => (path === undefined ? [] : [[path, name] as const])))
  const nameOf = (page: string): string => names.get(page) ?? page
  return chunks([...names.keys()], MOST_ITEMS).map((part) => ({
    input: { items: part.map((path) => ({ file_path: path })) },
    nameOf,
  }))
}

async function byText(files: readonly NamedFile[], notes: readonly string[]): Promise<PagesCall[]> {
  const calls: PagesCall[] = []
  let items: ({ file_path: string } & PageText)[] = []
  let bytes = 0
  const nameOf = (page: string): string => page
  const flush = (): void => {
    const first = calls.length === 0 ? notes : []
    if (items.length > 0 || first.length > 0) calls.push({ input: { items }, nameOf, notes: first })
    items = []
    bytes = 0
  }
  for (const { path, name, fault = 'It cannot be read' } of files) {
    const text = path === undefined ? { unreadable: fault } : await readPageText(path)
    const size = 'content' in text ? Buffer.byteLength(text.content) : 0
    if (bytes + size > MOST_TEXT || items.length === MOST_ITEMS) flush()
    // What leads out of here is no name below a catalog.
    items.push({ file_path: name.replaceAll('\\', '/').replace(/^(?:\.{0,2}\/)+/, ''), ...text })
    bytes += size
  }
  flush()
  return calls
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  const made: T[][] = []
  for (let from = 0; from < list.length; from += size) made.push(list.slice(from, from + size))
  return made
}
