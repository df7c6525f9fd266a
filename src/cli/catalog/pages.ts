import type { Dirent } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { AppError } from '../../errors.ts'

/** One call about pages; all of a folder, or those that are named. */
export interface PagesInput {
  readonly catalog_dir?: string
  readonly items?: readonly { readonly file_path: string; readonly content?: string }[]
}

export interface PagesCall {
  readonly input: PagesInput
  /** How a page of the answer is called for people who typed the paths. */
  readonly nameOf: (filePath: string) => string
}

export interface PagesOptions {
  readonly cwd: string
  /** The program that answers sees the same disk. */
  readonly sharesDisk: boolean
}

/** Bytes of text in one call: with the escapes of JSON it stays below what a server takes. */
const MOST_TEXT = 4 * 2 ** 20
const MOST_ITEMS = 5_000

/**
 * The calls that read what was typed: a folder as one, files together; whoever answers from elsewhere gets the texts.
 * @throws AppError not_found, invalid_input, payload_too_large
 */
export async function readPaths(paths: readonly string[], options: PagesOptions): Promise<PagesCall[]> {
  const { cwd, sharesDisk } = options
  const calls: PagesCall[] = []
  const files: NamedFile[] = []
  for (const typed of paths) {
    const path = resolve(cwd, typed)
    const nameOf = (page: string): string => (paths.length === 1 ? page : join(typed, page))
    if (!(await isFolder(path, typed))) files.push({ path, name: typed })
    else if (sharesDisk) calls.push({ input: { catalog_dir: path }, nameOf })
    else files.push(...(await pagesBelow(path)).map((page) => ({ path: join(path, page), name: nameOf(page) })))
  }
  return [...calls, ...(sharesDisk ? byPath(files) : await byText(files))]
}

interface NamedFile {
  readonly path: string
  readonly name: string
}

async function isFolder(path: string, typed: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (cause) {
    throw new AppError('not_found', `Cannot read ${typed}`, { hint: 'Name a page or the folder of a catalog', cause })
  }
}

function byPath(files: readonly NamedFile[]): PagesCall[] {
  const names = new Map(files.map(({ path, name }) => [path, name]))
  const nameOf = (page: string): string => names.get(page) ?? page
  return chunks(files, MOST_ITEMS).map((part) => ({
    input: { items: part.map(({ path }) => ({ file_path: path })) },
    nameOf,
  }))
}

async function byText(files: readonly NamedFile[]): Promise<PagesCall[]> {
  const calls: PagesCall[] = []
  let items: { file_path: string; content: string }[] = []
  let bytes = 0
  const nameOf = (page: string): string => page
  const flush = (): void => {
    if (items.length > 0) calls.push({ input: { items }, nameOf })
    items = []
    bytes = 0
  }
  for (const { path, name } of files) {
    const content = await readText(path, name)
    const size = Buffer.byteLength(content)
    if (bytes + size > MOST_TEXT || items.length === MOST_ITEMS) flush()
    // What leads out of here is no name below a catalog.
    items.push({ file_path: name.replaceAll('\\', '/').replace(/^(?:\.{0,2}\/)+/, ''), content })
    bytes += size
  }
  flush()
  return calls
}

async function readText(path: string, name: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new AppError('not_found', `Cannot read ${name}`, { cause })
  })
  if (bytes.length > MOST_TEXT) {
    throw new AppError('payload_too_large', `${name} is larger than a page may be`, { hint: 'At most 4 MiB' })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}

/** Pages as a catalog has them: `.md`, nothing hidden, no folder twice. */
async function pagesBelow(root: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && /\.md$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.split('/').some((part) => part.startsWith('.')))
    .sort()
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  const made: T[][] = []
  for (let from = 0; from < list.length; from += size) made.push(list.slice(from, from + size))
  return made
}
