import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { AppError } from '../errors.ts'
import { sidecarsOf } from '../lib/sidecars.ts'

/** Pictures and videos: these may have their prompt in a file beside them. */
const WITH_SIDECARS = new Set([
  ...['.png', '.apng', '.jpg', '.jpeg', '.jfif', '.webp', '.avif', '.avifs', '.heic', '.heif', '.jxl', '.gif', '.svg'],
  ...['.mp4', '.m4v', '.mov', '.webm', '.mkv'],
])

/** Whatever else may hold a prompt. */
const WITHOUT_SIDECARS = new Set(['.glb', '.flac', '.ogg', '.oga', '.opus', '.mp3', '.m4a', '.latent', '.json', '.txt'])

export interface FolderFiles {
  /** By name. */
  readonly files: readonly string[]
  readonly unreadable: readonly { readonly path: string; readonly error: AppError }[]
}

/** Whether a file beside it may say more of it. */
export const mayHaveSidecar = (path: string): boolean => WITH_SIDECARS.has(extname(path).toLowerCase())

/**
 * Files below a folder that may hold a prompt, without hidden ones and those that only belong to a picture or a video.
 * Symlinks are followed, and each folder is gone through once, whatever leads there.
 */
export async function filesBelow(folder: string): Promise<FolderFiles> {
  const found: string[] = []
  const unreadable: { path: string; error: AppError }[] = []
  const seen = new Set<string>()
  const waiting = [folder]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    try {
      const real = await realpath(path)
      if (seen.has(real)) continue
      seen.add(real)
      for (const entry of await readdir(path, { withFileTypes: true })) {
        if (entry.name.startsWith('.')) continue
        const kind = await kindOf(entry, join(path, entry.name))
        if (kind === 'folder') waiting.push(join(path, entry.name))
        else if (kind === 'file' && isWanted(entry.name)) found.push(join(path, entry.name))
      }
    } catch (cause) {
      unreadable.push({ path, error: cannotRead(path, cause) })
    }
  }
  const beside = new Set(found.filter(mayHaveSidecar).flatMap((path) => sidecarsOf(path).map((each) => each.path)))
  return { files: found.filter((path) => !beside.has(path)).sort(), unreadable }
}

function isWanted(name: string): boolean {
  return mayHaveSidecar(name) || WITHOUT_SIDECARS.has(extname(name).toLowerCase())
}

/** Undefined for what is neither, and for a link that leads nowhere. */
async function kindOf(entry: Dirent, path: string): Promise<'file' | 'folder' | undefined> {
  const found = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry
  if (found?.isDirectory() === true) return 'folder'
  return found?.isFile() === true ? 'file' : undefined
}

function cannotRead(path: string, cause: unknown): AppError {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EACCES' || code === 'EPERM') {
    return new AppError('forbidden', `Cannot read the folder ${path}: permission denied`, { cause })
  }
  return new AppError('internal', `Cannot read the folder ${path}`, { cause })
}
