import { type Dirent, lstatSync, readdirSync } from 'node:fs'
import { nameKind } from './file-names.ts'

/** Names in a folder by what they can be; hidden ones are left out. */
export interface FolderNames {
  /** Model files, those that are still being written among them. */
  readonly models: string[]
  /** Those of the models that are still being written, by their names. */
  readonly partial: Set<string>
  readonly folders: string[]
  readonly links: string[]
  /** Control files of aria2, and links under such names. */
  readonly controls: string[]
  /** Files and links that are no models: sidecars may be among them. */
  readonly others: string[]
  /** FIFOs, sockets and devices under the name of a model. */
  readonly special: string[]
  /** Names that are not valid UTF-8, as far as they can be shown. */
  readonly invalid: string[]
}

const REPLACEMENT = '\ufffd'

/** @throws what readdir throws */
export function readFolder(path: string): FolderNames {
  const names: FolderNames = {
    models: [],
    partial: new Set(),
    folders: [],
    links: [],
    controls: [],
    others: [],
    special: [],
    invalid: [],
  }
  let unsure = false
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const { name } = entry
    if (name.charCodeAt(0) === 0x2e) continue
    unsure ||= name.includes(REPLACEMENT)
    sortIn(names, path, entry)
  }
  if (unsure) leaveOutInvalid(names, path)
  for (const list of [names.folders, names.links, names.special, names.invalid]) list.sort()
  return names
}

function sortIn(names: FolderNames, path: string, entry: Dirent): void {
  const { name } = entry
  const type = typeOf(path, entry)
  if (type === 'folder') names.folders.push(name)
  else if (type === 'special') {
    if (nameKind(name) === 'model') names.special.push(name)
  } else if (type !== 'gone') {
    const kind = nameKind(name)
    if (type === 'link') names.links.push(name)
    if (kind === 'control') names.controls.push(name)
    else if (kind === 'other') names.others.push(name)
    else if (type === 'file') {
      names.models.push(name)
      if (kind === 'partial') names.partial.add(name)
    }
  }
}

type EntryType = 'file' | 'folder' | 'link' | 'special' | 'gone'

function typeOf(path: string, entry: Dirent): EntryType {
  const type = typeIn(entry)
  if (type !== 'special' || entry.isFIFO() || entry.isSocket()) return type
  if (entry.isCharacterDevice() || entry.isBlockDevice()) return type
  // Some filesystems do not tell types in their listings.
  try {
    return typeIn(lstatSync(`${path}/${entry.name}`))
  } catch {
    return 'gone'
  }
}

const typeIn = (entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>): EntryType =>
  entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : entry.isSymbolicLink() ? 'link' : 'special'

/**
 * Names are bytes. What is not UTF-8 is read with U+FFFD in it, and no path leads to it then; but U+FFFD may also be
 * what the name holds, and both may be there.
 */
function leaveOutInvalid(names: FolderNames, path: string): void {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const valid = new Set<string>()
  for (const bytes of readdirSync(path, { encoding: 'buffer' })) {
    try {
      valid.add(strict.decode(bytes))
    } catch {
      const shown = Buffer.from(bytes).toString('utf8')
      if (!shown.startsWith('.')) names.invalid.push(shown)
    }
  }
  for (const list of [names.models, names.folders, names.links, names.controls, names.others, names.special]) {
    const kept = new Set(list.filter((name) => !name.includes(REPLACEMENT) || valid.has(name)))
    list.splice(0, list.length, ...kept)
  }
}
