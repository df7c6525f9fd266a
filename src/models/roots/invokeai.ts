import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { readConfig } from './look.ts'
import { readYaml } from './read-yaml.ts'
import { candidate, type FindFolders, pathFrom, type Search } from './search.ts'

/** Subfolders of `autoimport/` and what lies in them. */
const AUTOIMPORT = { main: 'checkpoint', lora: 'lora', embedding: 'embedding', controlnet: 'controlnet' } as const

/**
 * Model folders of an InvokeAI: `models/` below its root or where `invokeai.yaml` puts it (`models_dir`), and the
 * folders that it imports from. Its database names the files below `models/`: names there say little.
 */
export const findInvokeFolders: FindFolders = async (home, search) => {
  const settings = await readSettings(home, search)
  const setting = (name: string): string | undefined => {
    const value = settings[name]
    return typeof value === 'string' && value !== '' ? pathFrom(home, value, search.homeDir) : undefined
  }
  const models = setting('models_dir')
  const autoimport = setting('autoimport_dir') ?? join(home, 'autoimport')
  return [
    candidate(
      models ?? join(home, 'models'),
      'invokeai',
      undefined,
      models === undefined ? undefined : 'invokeai.yaml',
    ),
    ...Object.entries(AUTOIMPORT).map(([folder, type]) => candidate(join(autoimport, folder), 'invokeai', type)),
  ]
}

/** Settings of version 4 and later stand at the top, those of version 3 in `InvokeAI.Paths`. */
async function readSettings(home: string, { note }: Search): Promise<JsonObject> {
  const path = join(home, 'invokeai.yaml')
  const config = await readConfig(path)
  if (config === undefined) return {}
  const content = 'fault' in config ? undefined : await readYaml(config.text, { maxAliases: 100 })
  if (content === null) return {}
  if (!isJsonObject(content)) {
    note(`Cannot read ${path}${'fault' in config ? `: ${config.fault}` : ''}; InvokeAI's usual folders are taken.`)
    return {}
  }
  const old = content['InvokeAI']
  const paths = isJsonObject(old) ? old['Paths'] : undefined
  return isJsonObject(paths) ? { ...content, ...paths } : content
}
