import { join, resolve } from 'node:path'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { classOf } from '../known-folders.ts'
import { isFolder, parseJson, readConfig } from './look.ts'
import { type Candidate, candidate, type FindFolders, type Search } from './search.ts'

/** Paths in its configuration that name no models. */
const NO_MODELS = new Set(['path_outputs', 'path_wildcards', 'path_presets', 'path_translations'])

/**
 * Model folders of a Fooocus: `models/` and what `config.txt` (JSON: `path_checkpoints` and the like, a text or a list)
 * or an environment variable of the same name names instead. Fooocus takes its own folder where one of a key's does not
 * exist.
 */
export const findFooocusFolders: FindFolders = async (home, search) => {
  const found: Candidate[] = [candidate(join(home, 'models'), 'fooocus')]
  const settings = { ...(await readSettings(home, search)), ...settingsOf(search.env) }
  for (const [key, value] of Object.entries(settings)) {
    if (!key.startsWith('path_') || NO_MODELS.has(key)) continue
    const paths = typeof value === 'string' ? [value] : Array.isArray(value) ? value : undefined
    if (paths === undefined || !paths.every((path) => typeof path === 'string')) {
      search.note(`${key} in ${join(home, 'config.txt')} is neither a text nor a list of texts; it is not used.`)
      continue
    }
    const type = classOf(key.slice(5))?.type
    for (const path of paths.map((part) => resolve(home, part))) {
      if (await isFolder(path)) found.push(candidate(path, 'fooocus', type))
      else search.note(`${path}, named by ${key} in ${join(home, 'config.txt')}, does not exist.`)
    }
  }
  return found
}

function settingsOf(env: Search['env']): JsonObject {
  const named = Object.entries(env).filter(([key]) => key.startsWith('path_') && classOf(key.slice(5)) !== undefined)
  return Object.fromEntries(named.map(([key, value]) => [key, value ?? null]))
}

async function readSettings(home: string, { note }: Search): Promise<JsonObject> {
  const path = join(home, 'config.txt')
  const config = await readConfig(path)
  if (config === undefined) return {}
  if ('fault' in config) {
    note(`Cannot read ${path}: ${config.fault}; Fooocus's usual folders are taken.`)
    return {}
  }
  const content = parseJson(config.text)
  if (isJsonObject(content)) return content
  note(`${path} is no JSON object; Fooocus's usual folders are taken.`)
  return {}
}
