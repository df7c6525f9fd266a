import { posix } from 'node:path'

/** A folder to look through, as it is sent: absolute, below `~/`, or from the home of the UI. */
export interface FolderWish {
  readonly folder: string
  readonly depth: number
}

export interface FolderPlan {
  readonly wishes: readonly FolderWish[]
  /** Folder as it was asked for, and why it is not looked through. */
  readonly refused: ReadonlyMap<string, string>
}

/** Levels that are looked through. Sorters put a file five folders down, the cache of Hugging Face seven. */
export const DEEP = 10
const LONGEST = 4096

/** Where the kernel, not a disk, answers: endless, and no place for a file. */
const KERNEL = /^\/(?:proc|sys|dev)(?:\/|$)/

/**
 * Folders that pages name, each once and none within another. The home itself and what lies at the top of the file
 * system are looked at without their folders: whoever stores a file there stores it there, and below lies everything.
 * @param folders relative to the home of the UI (`` is the home itself), absolute, or beginning with `~/`
 * @param isBroad which of them are looked at without their folders
 */
export function planFolders(
  folders: readonly string[],
  isBroad: (folder: string) => boolean = holdsEverything,
): FolderPlan {
  const refused = new Map<string, string>()
  const wishes = new Map<string, FolderWish>()
  for (const asked of new Set(folders)) {
    const reason = whyNot(asked)
    if (reason !== undefined) {
      refused.set(asked, reason)
      continue
    }
    const folder = normalised(asked)
    wishes.set(folder, { folder, depth: isBroad(folder) ? 1 : DEEP })
  }
  const deep = new Set([...wishes.values()].filter(({ depth }) => depth > 1).map(({ folder }) => folder))
  const outermost = [...wishes.values()].filter(({ folder }) => !parentsOf(folder).some((parent) => deep.has(parent)))
  return { wishes: outermost, refused }
}

function whyNot(folder: string): string | undefined {
  if (folder.includes('\0')) return 'a path holds no NUL'
  if (Buffer.byteLength(folder) > LONGEST) return 'the path is too long'
  if (/^~[^/]/.test(folder)) return "it is another user's home"
  const parts = folder.split('/')
  if (parts.includes('..')) return 'the path goes up with ".."'
  if (KERNEL.test(normalised(folder))) return 'no files are kept there'
  return undefined
}

/** Without doubled slashes, `.` and a slash at the end; `.` for the home of the UI. */
function normalised(folder: string): string {
  const path = posix.normalize(folder === '' ? '.' : folder).replace(/^\/+/, '/')
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

const holdsEverything = (folder: string): boolean => folder === '.' || folder === '~' || /^\/[^/]*$/.test(folder)

function parentsOf(folder: string): string[] {
  const parents: string[] = []
  for (let at = folder.lastIndexOf('/'); at > 0; at = folder.lastIndexOf('/', at - 1)) parents.push(folder.slice(0, at))
  return parents
}
