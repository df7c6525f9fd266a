import { type Dirent, lstatSync, readdirSync, type Stats, statSync } from 'node:fs'
import { decodeName } from '../../ssh/remote-name.ts'
import { joinPath, nameOf } from '../paths.ts'
import { toFs } from './bytes-path.ts'
import { createNameIndex, type NameIndex } from './name-index.ts'

/** What lies in a folder, as it was when it was listed. */
export interface CachedFolder {
  /** Symlinks resolved. */
  readonly real: string
  /** Those that are gone through, with their real paths: putting these together again would take as long as the rest. */
  readonly folders: readonly { readonly name: string; readonly real: string }[]
  /** Symlinks: to files, to folders, to nowhere. */
  readonly links: readonly string[]
  /** Everything that is no folder, links too. */
  readonly names: readonly string[]
}

/** Listings of folders, read again only where something in them came or went. For a worker: it blocks. */
export interface FolderCache {
  readonly names: NameIndex
  /** @throws what stat and readdir throw */
  read(real: string): CachedFolder
}

interface Kept {
  readonly folder: CachedFolder
  readonly mtimeMs: number
  readonly ctimeMs: number
  readonly device: number
  readonly inode: number
  /** Some filesystems tell times by two seconds: what changed so shortly before it was listed may change unseen. */
  readonly isSure: boolean
}

const COARSEST_MS = 2_000
/** About 100 bytes each with their names. */
const MOST_FOLDERS = 500_000

/** @param now epoch milliseconds */
export function createFolderCache(now: () => number = Date.now): FolderCache {
  const kept = new Map<string, Kept>()
  const names = createNameIndex()

  function forget(real: string): void {
    const old = kept.get(real)
    if (old === undefined) return
    names.remove(real, old.folder.names)
    kept.delete(real)
  }

  function list(real: string, stats: Stats): CachedFolder {
    const listedAt = now()
    const folder = listFolder(real)
    const { mtimeMs, ctimeMs, dev: device, ino: inode } = stats
    const isSure = listedAt - Math.max(mtimeMs, ctimeMs) > COARSEST_MS
    if (kept.size >= MOST_FOLDERS) for (const path of [...kept.keys()]) forget(path)
    kept.set(real, { folder, mtimeMs, ctimeMs, device, inode, isSure })
    names.add(real, folder.names)
    return folder
  }

  return {
    names,
    read(real) {
      try {
        const stats = statSync(toFs(real))
        const old = kept.get(real)
        if (old?.isSure === true && isSame(old, stats)) return old.folder
        forget(real)
        return list(real, stats)
      } catch (error) {
        forget(real)
        throw error
      }
    },
  }
}

const isSame = (old: Kept, { mtimeMs, ctimeMs, dev, ino }: Stats): boolean =>
  old.mtimeMs === mtimeMs && old.ctimeMs === ctimeMs && old.device === dev && old.inode === ino

function listFolder(real: string): CachedFolder {
  const folders: { name: string; real: string }[] = []
  const links: string[] = []
  const names: string[] = []
  const parent = nameOf(real)
  for (const { name, kind } of entriesOf(real)) {
    if (kind === 'folder') {
      if (isEntered(real, parent, name)) folders.push({ name, real: joinPath(real, name) })
      continue
    }
    if (kind === 'link') links.push(name)
    names.push(name)
  }
  return { real, folders, links, names }
}

interface Named {
  readonly name: string
  readonly kind: 'folder' | 'link' | 'other'
}

/** A folder is listed by bytes only where a name in it may be no text: that takes longer. */
function entriesOf(real: string): readonly Named[] {
  const path = toFs(real)
  if (typeof path === 'string') {
    const entries = readdirSync(path, { withFileTypes: true })
    const isText = !entries.some(({ name }) => name.includes('\ufffd'))
    if (isText) return entries.map((entry) => ({ name: entry.name, kind: kindOf(real, entry) }))
  }
  return readdirSync(path, { encoding: 'buffer' }).map((bytes) => {
    const name = decodeName(bytes)
    return { name, kind: kindAt(joinPath(real, name)) }
  })
}

function kindOf(real: string, entry: Dirent): Named['kind'] {
  if (entry.isDirectory()) return 'folder'
  if (entry.isSymbolicLink()) return 'link'
  if (entry.isFile() || entry.isFIFO() || entry.isSocket()) return 'other'
  // Some filesystems do not tell kinds in their listings.
  return kindAt(joinPath(real, entry.name))
}

function kindAt(path: string): Named['kind'] {
  const stats = lstatSync(toFs(path), { throwIfNoEntry: false })
  if (stats?.isDirectory() === true) return 'folder'
  return stats?.isSymbolicLink() === true ? 'link' : 'other'
}

/** Hidden folders hold models only where a program is still writing them; others hold what is about models. */
function isEntered(real: string, parent: string, name: string): boolean {
  if (name.startsWith('.')) return name === '.tmp' || name === '.cache'
  if (name.startsWith('extra_data-vid_')) return false
  if (parent === '.cache') return name === 'huggingface'
  if (real.endsWith('/.cache/huggingface')) return name === 'download'
  // Its snapshots lead there.
  return name !== 'blobs' || !parent.startsWith('models--')
}
