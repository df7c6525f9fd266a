import { type ModelType, modelExtension } from '../../model-file.ts'
import { isOfType } from '../../type-kinship.ts'
import { ADD_ONS } from './add-ons.ts'
import { MAIN_MODELS } from './main-models.ts'
import { PARTS } from './parts.ts'
import { isGeneric, type KnownFile, readTable } from './read-table.ts'

let tables:
  | { readonly all: readonly KnownFile[]; readonly byName: ReadonlyMap<string, readonly KnownFile[]> }
  | undefined

/** Every known file. */
export const knownFiles = (): readonly KnownFile[] => read().all

/**
 * The known files of a name and type: places to fetch from, and no proof that these are the bytes that were meant. The
 * name is compared letter by letter, folders before it do not matter; one without a model extension, as infotexts write
 * it, stands for the file that has one. What half the world calls its only file (`model.safetensors`) is known by its
 * folder alone. The best comes first: of the very type before its kin, with a digest before without.
 */
export function findKnownFile(name: string, type: ModelType): readonly KnownFile[] {
  const path = name.trim().replaceAll('\\', '/')
  const filename = path.slice(path.lastIndexOf('/') + 1)
  const found = read().byName.get(filename) ?? []
  return found
    .filter((file) => file.types.some((own) => isOfType(type, own)) && (!isGeneric(file.name) || isIn(path, file)))
    .map((file, at) => ({ file, at, rank: rankOf(file, type) }))
    .sort((a, b) => b.rank - a.rank || a.at - b.at)
    .map(({ file }) => file)
}

/** A file for one kind of folder fits better than one that does for several. */
const rankOf = ({ types, sha256 }: KnownFile, type: ModelType): number =>
  (types.includes(type) ? 4 / types.length : 0) + (sha256 === undefined ? 0 : 1)

/** Whether the path, of which at least one folder is named, can be that of the known file. */
function isIn(path: string, { folders, name }: KnownFile): boolean {
  if (!path.includes('/')) return false
  return folders.some(
    (folder) => `/${folder}/${name}`.endsWith(`/${path}`) || `/${path}`.endsWith(`/${folder}/${name}`),
  )
}

function read(): NonNullable<typeof tables> {
  if (tables !== undefined) return tables
  const all = [MAIN_MODELS, PARTS, ADD_ONS].flatMap(readTable)
  const byName = new Map<string, KnownFile[]>()
  for (const file of all) {
    for (const key of new Set(file.names.flatMap((name) => [name, withoutExtension(name)]))) {
      const others = byName.get(key)
      if (others === undefined) byName.set(key, [file])
      else others.push(file)
    }
  }
  tables = { all, byName }
  return tables
}

const withoutExtension = (name: string): string => name.slice(0, name.length - (modelExtension(name)?.length ?? 0))
