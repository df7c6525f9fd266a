import { numbersInName, readCivitdlName } from '../../civitdl-name.ts'
import { joinPath, nameOf } from '../paths.ts'
import { openName } from '../query-name.ts'
import { finalPathOf } from '../unfinished.ts'

/** Where a name stands: a folder by its real path, and what the file is called there. */
export interface Entry {
  readonly folder: string
  readonly name: string
}

/** Names of many folders, found by what a page may know of them. A folder's names come and go together. */
export interface NameIndex {
  add(folder: string, names: readonly string[]): void
  remove(folder: string, names: readonly string[]): void
  /** @param name the one that counts: of `x.part` that is `x` */
  byName(name: string): readonly Entry[]
  byVersion(version: number): readonly Entry[]
  byModel(model: number): readonly Entry[]
  /** A number in a name that civitdl did not write. */
  byNumber(number: number): readonly Entry[]
}

/** Most names have one place: a list for each would be half of the memory. */
type Places = Map<string | number, Entry | Entry[]>

export function createNameIndex(): NameIndex {
  const names: Places = new Map()
  const versions: Places = new Map()
  const models: Places = new Map()
  const numbers: Places = new Map()
  const each = (folder: string, name: string, visit: (places: Places, key: string | number) => void): void => {
    const path = joinPath(folder, name)
    const counted = nameOf(finalPathOf(path) ?? path)
    visit(names, openName(counted))
    for (const number of numbersInName(counted)) visit(numbers, number)
    if (!counted.includes('vid_')) return
    const ids = readCivitdlName(counted)
    if (ids?.version_id !== undefined) visit(versions, ids.version_id)
    if (ids?.model_id !== undefined) visit(models, ids.model_id)
  }
  return {
    add(folder, added) {
      for (const name of added) {
        const entry = { folder, name }
        each(folder, name, (places, key) => {
          const there = places.get(key)
          if (there === undefined) places.set(key, entry)
          else if (Array.isArray(there)) there.push(entry)
          else places.set(key, [there, entry])
        })
      }
    },
    remove(folder, removed) {
      const isAnother = (entry: Entry): boolean => entry.folder !== folder
      for (const name of removed) {
        each(folder, name, (places, key) => {
          const left = listOf(places, key).filter(isAnother)
          if (left.length === 0) places.delete(key)
          else places.set(key, left)
        })
      }
    },
    byName: (name) => listOf(names, name),
    byVersion: (version) => listOf(versions, version),
    byModel: (model) => listOf(models, model),
    byNumber: (number) => listOf(numbers, number),
  }
}

function listOf(places: Places, key: string | number): readonly Entry[] {
  const there = places.get(key)
  if (there === undefined) return []
  return Array.isArray(there) ? there : [there]
}
