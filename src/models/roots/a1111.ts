import { join } from 'node:path'
import type { ModelType } from '../model-file.ts'
import { flagValues, readArguments, wordsOf } from './arguments.ts'
import { findComfyFolders } from './comfy.ts'
import { isFolder, namesIn, readConfig } from './look.ts'
import { type Candidate, candidate, type FindFolders, pathFrom, type Search } from './search.ts'

/** Flags of A1111, of Forge and of extensions that come with either: each names one more folder. */
const FOLDER_FLAGS: Readonly<Record<string, ModelType>> = {
  '--ckpt-dir': 'checkpoint',
  '--ckpt-dirs': 'checkpoint',
  '--lora-dir': 'lora',
  '--lora-dirs': 'lora',
  '--lyco-dir': 'lora',
  '--vae-dir': 'vae',
  '--vae-dirs': 'vae',
  '--text-encoder-dir': 'text_encoder',
  '--text-encoder-dirs': 'text_encoder',
  '--embeddings-dir': 'embedding',
  '--hypernetwork-dir': 'hypernetwork',
  '--controlnet-dir': 'controlnet',
  '--esrgan-models-path': 'upscaler',
  '--bsrgan-models-path': 'upscaler',
  '--realesrgan-models-path': 'upscaler',
  '--dat-models-path': 'upscaler',
  '--scunet-models-path': 'upscaler',
  '--swinir-models-path': 'upscaler',
  '--ldsr-models-path': 'upscaler',
  '--gfpgan-models-path': 'other',
  '--codeformer-models-path': 'other',
  '--clip-models-path': 'text_encoder',
}

const CONTROLNET = 'extensions/sd-webui-controlnet/models'

/**
 * Model folders of A1111 or Forge: `models/`, `embeddings/` beside it, those of the ControlNet extension, and where the
 * command line (the setting, else `webui-user.sh`) puts them. `--models-dir` overrides `--data-dir`; a reference to
 * another UI's home adds that one's folders.
 */
export const findA1111Folders: FindFolders = async (home, search) => {
  const words = await commandLine(home, search)
  const last = (flag: string): string | undefined => {
    const value = flagValues(words, flag).at(-1)
    return value === undefined ? undefined : pathFrom(home, value, search.homeDir)
  }
  const dataDir = last('--data-dir')
  const modelsDir = last('--models-dir')
  const data = dataDir ?? home
  const from = modelsDir !== undefined ? '--models-dir' : dataDir !== undefined ? '--data-dir' : undefined

  const moved = Object.entries(FOLDER_FLAGS).flatMap(([flag, type]) =>
    flagValues(words, flag).map((path) => candidate(pathFrom(home, path, search.homeDir), 'a1111', type, flag)),
  )
  const found: Candidate[] = [
    candidate(modelsDir ?? join(data, 'models'), 'a1111', undefined, from),
    candidate(join(data, 'embeddings'), 'a1111', 'embedding'),
    candidate(join(data, CONTROLNET), 'a1111', 'controlnet'),
    ...moved,
  ]
  const reference = last('--forge-ref-a1111-home')
  if (reference !== undefined) found.push(...(await referenceFolders(reference, search)))
  const comfy = last('--forge-ref-comfy-home')
  if (comfy !== undefined) found.push(...(await findComfyFolders(comfy, { ...search, comfyArgs: '' })))
  return found
}

/** What Forge takes from the home of an A1111 that it refers to; that one's own command line does not count. */
async function referenceFolders(home: string, { note }: Search): Promise<readonly Candidate[]> {
  if (!(await isFolder(home))) {
    note(`${home}, named by --forge-ref-a1111-home, does not exist.`)
    return []
  }
  return [
    candidate(join(home, 'models'), 'a1111'),
    candidate(join(home, 'embeddings'), 'a1111', 'embedding'),
    candidate(join(home, CONTROLNET), 'a1111', 'controlnet'),
  ]
}

async function commandLine(home: string, search: Search): Promise<readonly string[]> {
  if (search.a1111Args.trim() !== '') return readArguments(search.a1111Args, 'A1111', search)
  const path = join(home, 'webui-user.sh')
  if (!(await namesIn(home)).has('webui-user.sh')) return []
  const script = await readConfig(path)
  if (script === undefined) return []
  if ('fault' in script) {
    search.note(`Cannot read ${path}: ${script.fault}; its COMMANDLINE_ARGS are not used.`)
    return []
  }
  return readArguments(assignedArguments(script.text, search.env), 'A1111', search)
}

const ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+)?COMMANDLINE_ARGS=((?:"(?:\\[\s\S]|[^"\\])*"|'[^']*'|\\[\s\S]|[^\s"'\\;&|#])*)/gm

/**
 * Value of COMMANDLINE_ARGS after a shell script, without running it: the last assignment, with `$COMMANDLINE_ARGS` for
 * what it was before.
 */
export function assignedArguments(script: string, env: Readonly<Record<string, string | undefined>>): string {
  let value = ''
  for (const [, assigned = ''] of script.matchAll(ASSIGNMENT)) {
    const before = value
    const variable = (name: string): string => (name === 'COMMANDLINE_ARGS' ? before : (env[name] ?? ''))
    value = (wordsOf(assigned.replaceAll('\\\n', ''), variable) ?? []).join('')
  }
  return value
}
