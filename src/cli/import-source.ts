import { type FileHandle, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, relative } from 'node:path'
import { AppError } from '../errors.ts'
import type { Context } from './context.ts'
import { isUrl, toAbsolute } from './local-paths.ts'

/** One thing to import: the field of the operation that carries it, and its value. */
export interface ImportSource {
  /** `file` travels along with the call. */
  readonly kind: 'path' | 'url' | 'payload' | 'file'
  readonly value: string
  /** As the person named it. */
  readonly label: string
  /** Nothing else is imported with it. */
  readonly only: boolean
}

export interface ImportSources {
  readonly sources: readonly ImportSource[]
  /** Removes what was put aside on the way. */
  remove(): Promise<void>
}

/** Of a folder, files that may hold a prompt. */
const IN_FOLDERS = new Set([
  ...['.png', '.apng', '.jpg', '.jpeg', '.webp', '.avif', '.heic', '.jxl', '.gif', '.svg', '.glb'],
  ...['.mp4', '.m4v', '.mov', '.webm', '.mkv', '.flac', '.ogg', '.opus', '.mp3', '.m4a', '.latent'],
  ...['.json', '.txt'],
])

/** Files beside a picture or a video that only say more of it: they are read with it. */
const SIDECAR = /^(.+?)(?:\.swarm\.json|\.txt|\.json)$/i
const MEDIA_ENDINGS = ['.png', '.jpg', '.jpeg', '.webp', '.avif', '.gif', '.mp4', '.mov', '.webm', '.mkv']

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
  let folder: string | undefined
  const remove = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }
  let named = false
  try {
    for (const label of given) {
      if (label === '-') {
        folder ??= await mkdtemp(join(tmpdir(), 'airkeep-'))
        found.push({ ...(await fromStdin(context, join(folder, 'stdin'))), label })
      } else if (REFERENCE.test(label)) found.push({ kind: 'payload', value: label, label })
      else if (/^file:/i.test(label)) found.push({ kind: 'path', value: label, label })
      else if (isUrl(label)) found.push({ kind: 'url', value: label, label })
      else {
        const path = toAbsolute(label, cwd)
        const files = await filesIn(path)
        if (files === undefined) found.push({ kind: 'path', value: path, label })
        else {
          named = true
          for (const file of files) found.push({ kind: 'path', value: file, label: join(label, relative(path, file)) })
        }
      }
    }
  } catch (error) {
    await remove()
    throw error
  }
  if (found.length === 0) throw new AppError('not_found', `${given.join(', ')} holds no picture, video or text`)
  return { sources: found.map((source) => ({ ...source, only: found.length === 1 && !named })), remove }
}

/** Files below a folder, by name; undefined where `path` is none. What cannot be read is left to the operation to say. */
async function filesIn(path: string): Promise<string[] | undefined> {
  const stats = await stat(path).catch(() => undefined)
  if (stats?.isDirectory() !== true) return undefined
  const entries = await readdir(path, { withFileTypes: true, recursive: true })
  const all = new Set(entries.map((entry) => join(entry.parentPath, entry.name)))
  const isBesideMedia = (file: string): boolean => {
    const stem = SIDECAR.exec(file)?.[1]
    return stem !== undefined && (all.has(stem) || MEDIA_ENDINGS.some((ending) => all.has(stem + ending)))
  }
  return entries
    .filter(
      (entry) => entry.isFile() && !entry.name.startsWith('.') && IN_FOLDERS.has(extname(entry.name).toLowerCase()),
    )
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !isBesideMedia(file))
    .sort()
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
