import { type FileHandle, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AppError } from '../errors.ts'
import type { Context } from './context.ts'
import { filesBelow } from './folder-files.ts'
import { isUrl, toAbsolute } from './local-paths.ts'

/** One thing to import: the field of the operation that carries it, and its value. */
export interface ImportSource {
  /** `file` travels along with the call. */
  readonly kind: 'path' | 'url' | 'payload' | 'file'
  readonly value: string
  /** As the person named it. */
  readonly label: string
  /** Nobody named it: a folder was. Most files of a folder may hold no prompt. */
  readonly inFolder: boolean
  /** Nothing else is imported with it. */
  readonly only: boolean
  /** Why there is nothing to import: a folder that could not be read. */
  readonly error?: AppError
}

export interface ImportSources {
  readonly sources: readonly ImportSource[]
  /** Removes what was put aside on the way. */
  remove(): Promise<void>
}

/** A model itself instead of something that needs it. */
const REFERENCE = /^(?:urn:air:|civitai:version:|sha256:)/i

/** Longer input is no text that somebody wrote. */
const MAX_TEXT_BYTES = 16 * 2 ** 20

/**
 * What `FILE|DIR|URL|-` stands for; of a folder every picture, video and text below it.
 * @throws AppError not_found, invalid_input
 */
export async function findSources(context: Context, given: readonly string[]): Promise<ImportSources> {
  const { cwd } = context.outside
  const found: Omit<ImportSource, 'only'>[] = []
  const add = (source: Pick<ImportSource, 'kind' | 'value' | 'label'>): void => {
    found.push({ ...source, inFolder: false })
  }
  let folder: string | undefined
  const remove = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    for (const label of given) {
      if (label === '-') {
        folder ??= await mkdtemp(join(tmpdir(), 'airkeep-'))
        add({ ...(await fromStdin(context, join(folder, 'stdin'))), label })
      } else if (REFERENCE.test(label)) add({ kind: 'payload', value: label, label })
      else if (isUrl(label) && !isFileUrl(label)) add({ kind: 'url', value: label, label })
      else {
        const path = isFileUrl(label) ? pathOf(label) : toAbsolute(label, cwd)
        if (await isFolder(path)) found.push(...(await fromFolder(path, label)))
        else add({ kind: 'path', value: path, label })
      }
    }
  } catch (error) {
    await remove()
    throw error
  }
  if (found.length === 0) throw new AppError('not_found', `${given.join(', ')} holds no picture, video or text`)
  return { sources: found.map((source) => ({ ...source, only: found.length === 1 && !source.inFolder })), remove }
}

const isFileUrl = (text: string): boolean => /^file:/i.test(text)

/** The URL itself where it names no file of this machine: the operation says so. */
function pathOf(fileUrl: string): string {
  try {
    return fileURLToPath(fileUrl)
  } catch {
    return fileUrl
  }
}

/** What cannot be read is left to the operation to say. */
const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() === true

async function fromFolder(folder: string, label: string): Promise<Omit<ImportSource, 'only'>[]> {
  const { files, unreadable } = await filesBelow(folder)
  const toSource = (path: string): Omit<ImportSource, 'only'> => ({
    kind: 'path',
    value: path,
    label: join(label, relative(folder, path)),
    inFolder: true,
  })
  return [...files.map(toSource), ...unreadable.map(({ path, error }) => ({ ...toSource(path), error }))]
}

/** A text goes as it is; anything else (a picture from a pipe) as a file. */
async function fromStdin(context: Context, path: string): Promise<Pick<ImportSource, 'kind' | 'value'>> {
  let handle: FileHandle | undefined
  let sizeBytes = 0
  try {
    handle = await open(path, 'wx', 0o600)
    for await (const chunk of context.stdin()) {
      await handle.writeFile(chunk)
      sizeBytes += chunk.length
    }
  } finally {
    await handle?.close()
  }
  if (sizeBytes <= MAX_TEXT_BYTES) {
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
      if (!text.includes('\0')) return { kind: 'payload', value: text }
    } catch {
      // Not UTF-8.
    }
  }
  return { kind: 'file', value: path }
}
