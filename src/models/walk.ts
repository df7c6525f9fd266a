import type { Dirent, Stats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { placeModel } from './layout.ts'
import { type ModelType, modelExtension } from './model-file.ts'

export interface FoundModel {
  /** Real path, symlinks resolved. */
  readonly path: string
  /** Path as it stands below the root. */
  readonly listedPath: string
  /** Name under which a UI lists it: `style/foo.safetensors`. */
  readonly name: string
  readonly type: ModelType
  readonly sizeBytes: number
  readonly modifiedMs: number
}

export interface Walk {
  readonly files: readonly FoundModel[]
  /** Folders that could not be read: their files are unknown, not absent. */
  readonly unreadable: readonly string[]
}

/**
 * Every model file below the roots, each once however many links lead to it; folders that a link leads back into
 * are not entered twice.
 */
export async function walkModels(roots: readonly string[], signal: AbortSignal): Promise<Walk> {
  const files = new Map<string, FoundModel>()
  const unreadable: string[] = []
  for (const root of roots) {
    const entered = new Set<string>()
    const folders = [root]
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      signal.throwIfAborted()
      let entries: Dirent[]
      let real: string
      try {
        real = await realpath(folder)
        if (entered.has(real)) continue
        entered.add(real)
        entries = await readdir(folder, { withFileTypes: true })
      } catch {
        unreadable.push(folder)
        continue
      }
      // The order of a folder is chance: a job that is run again should do the same things in the same order.
      for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
        if (entry.name.startsWith('.')) continue
        const path = join(folder, entry.name)
        if (entry.isDirectory()) {
          folders.push(path)
          continue
        }
        if (!entry.isFile() && !entry.isSymbolicLink()) continue
        // Only links cost a second question: over a network it is one for each of thousands of files.
        const link = entry.isSymbolicLink()
        if (!link && modelExtension(entry.name) === undefined) continue
        const info = await statOrGone(path)
        if (info === undefined) continue
        if (info.isDirectory()) folders.push(path)
        if (!info.isFile() || modelExtension(entry.name) === undefined) continue
        const target = link ? await realpathOrGone(path) : join(real, entry.name)
        if (target === undefined || files.has(target)) continue
        const below = relative(root, path).split(sep).join('/')
        files.set(target, {
          path: target,
          listedPath: path,
          ...placeModel(root, below),
          sizeBytes: info.size,
          modifiedMs: Math.floor(info.mtimeMs),
        })
      }
    }
  }
  return { files: [...files.values()], unreadable }
}

/** Undefined for a link that was changed meanwhile. */
async function realpathOrGone(path: string): Promise<string | undefined> {
  try {
    return await realpath(path)
  } catch {
    return undefined
  }
}

/** Undefined for a file that went away meanwhile and for a link that leads nowhere. */
async function statOrGone(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch {
    return undefined
  }
}
