import { realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { AppError } from '../../errors.ts'
import { isWithin, listPages } from '../../lib/page-folder.ts'
import { type PageText, readPageText } from './page-text.ts'

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
  readonly signal: AbortSignal
}

const MOST_ITEMS = 5_000
/** Bytes of text in one call: with the escapes of JSON it stays below what a server takes. */
const MOST_TEXT = 4 * 2 ** 20

/**
 * The calls that read what was typed: a folder as one, files together; whoever answers from elsewhere gets the texts.
 * @throws AppError not_found, invalid_input, payload_too_large; the signal's reason
 */
export async function readPaths(paths: readonly string[], options: PagesOptions): Promise<PagesCall[]> {
  const { cwd, sharesDisk, signal } = options
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
      const below = await listPages(await realpath(path), signal)
      files.push(...below.pages.map(({ file_path, ...page }) => ({ ...page, name: nameOf(file_path) })))
      notes.push(...below.notes)
    }
  }
  return [...calls, ...(sharesDisk ? await byPath(files) : await byText(files, notes))]
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

/**
 * By their paths below the folder that holds them all: whoever types a page means it, whatever catalog is configured,
 * and wherever a symlink leads.
 */
async function byPath(files: readonly NamedFile[]): Promise<PagesCall[]> {
  const paths = await Promise.all(
    files.flatMap(({ path, name }) =>
      path === undefined ? [] : [realPath(path, name).then((real) => [real, name] as const)],
    ),
  )
  const catalog = commonFolder(paths.map(([path]) => dirname(path)))
  if (catalog === undefined) return []
  const names = new Map(paths.map(([path, name]) => [relative(catalog, path).split(sep).join('/'), name]))
  const nameOf = (page: string): string => names.get(page) ?? page
  return chunks([...names.keys()], MOST_ITEMS).map((part) => ({
    input: { catalog_dir: catalog, items: part.map((path) => ({ file_path: path })) },
    nameOf,
  }))
}

async function realPath(path: string, typed: string): Promise<string> {
  return realpath(path).catch((cause: unknown) => {
    throw new AppError('not_found', `Cannot read ${typed}`, { cause })
  })
}

function commonFolder([first, ...others]: readonly string[]): string | undefined {
  let folder = first
  while (folder !== undefined && others.some((other) => !isWithin(other, folder ?? ''))) folder = dirname(folder)
  return folder
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
