import { basename, dirname, join } from 'node:path'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { namesIn, parseJson, readConfig } from './look.ts'
import { candidate, type FindFolders, pathFrom, type Search } from './search.ts'

const MAX_PACKAGES = 64

/** Folders that the installed UIs share: `Models/` of the library, or where its settings put it. */
export const findStabilityFolders: FindFolders = async (home, search) => {
  const library = await libraryIn(home)
  const { ModelDirectoryOverride: override } = await readObject(join(library, 'settings.json'), search)
  if (typeof override !== 'string' || override === '') return [candidate(join(library, 'Models'), 'stabilitymatrix')]
  const path = pathFrom(library, override, search.homeDir)
  return [candidate(path, 'stabilitymatrix', undefined, 'settings.json of StabilityMatrix')]
}

/** The library of a StabilityMatrix: `Data/` beside the program where it is portable, else the folder itself. */
export async function libraryIn(home: string): Promise<string> {
  if ((await namesIn(home)).has('Packages')) return home
  const data = join(home, 'Data')
  const names = await namesIn(data)
  return names.has('.sm-portable') || names.has('Packages') ? data : home
}

/** Homes of the UIs that it installed: what its settings list and what lies in `Packages/`. */
export async function packagesOf(home: string, search: Search): Promise<readonly string[]> {
  const library = await libraryIn(home)
  const { InstalledPackages: installed } = await readObject(join(library, 'settings.json'), search)
  const listed = (Array.isArray(installed) ? installed : []).flatMap((entry) => {
    const path = isJsonObject(entry) ? entry['LibraryPath'] : undefined
    // Written on Windows it has backslashes.
    return typeof path === 'string' ? [pathFrom(library, path.replaceAll('\\', '/'), search.homeDir)] : []
  })
  const packages = join(library, 'Packages')
  const there = [...(await namesIn(packages))].toSorted().map((name) => join(packages, name))
  return [...new Set([...listed, ...there])].slice(0, MAX_PACKAGES)
}

/** The library that the user chose when StabilityMatrix was first started; undefined without one. */
export async function chosenLibrary(search: Search): Promise<string | undefined> {
  const xdg = search.env['XDG_CONFIG_HOME']
  const config = xdg === undefined || xdg === '' ? join(search.homeDir, '.config') : xdg
  const file = join(config, 'StabilityMatrix', 'library.json')
  const { LibraryPath: path } = await readObject(file, search)
  if (typeof path !== 'string' || path === '') return undefined
  return pathFrom(dirname(file), path, search.homeDir)
}

async function readObject(path: string, { note }: Search): Promise<JsonObject> {
  const config = await readConfig(path)
  if (config === undefined) return {}
  const content = 'fault' in config ? undefined : parseJson(config.text)
  if (isJsonObject(content)) return content
  note(
    `${path} ${'fault' in config ? `cannot be read: ${config.fault}` : 'is no JSON object'}; ${basename(path)} is not used.`,
  )
  return {}
}
