import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { statePathOf } from './part-files.ts'

/** What downloads of earlier runs have left half done. */
export interface LeftParts {
  /** Absolute paths, looked for once: some may be gone by now. What cannot be read is left out. */
  paths(): Promise<readonly string[]>
}

/** @param folders that downloads go to, with everything below them; those that are not there have none */
export function createLeftParts(folders: () => Promise<readonly string[]>): LeftParts {
  let found: Promise<readonly string[]> | undefined
  return {
    async paths() {
      found ??= folders().then(findParts)
      try {
        return await found
      } catch (error) {
        found = undefined
        throw error
      }
    },
  }
}

const PART = '.part'

/** Other programs write `.part` too: ours have notes beside them. */
async function findParts(folders: readonly string[]): Promise<readonly string[]> {
  const parts: string[] = []
  const seen = new Set<string>()
  const ahead = [...folders]
  for (let folder = ahead.pop(); folder !== undefined; folder = ahead.pop()) {
    const real = await realpath(folder).catch(() => undefined)
    // Links may lead round in a circle.
    if (real === undefined || seen.has(real)) continue
    seen.add(real)
    const entries = await readdir(real, { withFileTypes: true }).catch(() => [])
    const names = new Set(entries.map(({ name }) => name))
    for (const entry of entries) {
      const { name } = entry
      const path = join(real, name)
      if (entry.isFile() && name.endsWith(PART) && names.has(statePathOf(name))) parts.push(path)
      else if (!name.startsWith('.') && (entry.isDirectory() || (await leadsToFolder(entry, path)))) ahead.push(path)
    }
  }
  return parts
}

/** Some filesystems do not tell types in their listings: such entries are asked for theirs. */
const leadsToFolder = async (entry: { isFile(): boolean }, path: string): Promise<boolean> =>
  !entry.isFile() &&
  (await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  ))
