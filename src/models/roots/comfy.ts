import { join } from 'node:path'
import { flagValues, readArguments } from './arguments.ts'
import { comfyFolder } from './comfy-folders.ts'
import { type ExtraFolder, readExtraPaths } from './comfy-yaml.ts'
import { readConfig } from './look.ts'
import { type Candidate, candidate, type FindFolders, pathFrom, type Search } from './search.ts'

/** `models/` below the home of a ComfyUI, or where its command line puts it. */
export function comfyModels(home: string, search: Search): Candidate {
  const words = readArguments(search.comfyArgs, 'ComfyUI', search)
  const models = flagValues(words, '--models-directory').at(-1)
  if (models !== undefined) {
    return candidate(pathFrom(home, models, search.homeDir), 'comfyui', undefined, '--models-directory')
  }
  const base = flagValues(words, '--base-directory').at(-1)
  if (base === undefined) return candidate(join(home, 'models'), 'comfyui')
  return candidate(join(pathFrom(home, base, search.homeDir), 'models'), 'comfyui', undefined, '--base-directory')
}

/**
 * Model folders of a ComfyUI as it is configured: `comfyModels`, and what `extra_model_paths.yaml` beside its code and
 * the files of `--extra-model-paths-config` add.
 */
export const findComfyFolders: FindFolders = async (home, search) => {
  const extra: ExtraFolder[] = [...(await readExtraFile(join(home, 'extra_model_paths.yaml'), false, search))]
  for (const file of flagValues(readArguments(search.comfyArgs, 'ComfyUI', search), '--extra-model-paths-config')) {
    extra.push(...(await readExtraFile(pathFrom(home, file, search.homeDir), true, search)))
  }
  const toCandidate = ({ folder, path }: ExtraFolder): readonly Candidate[] => {
    const found = comfyFolder(folder, path, 'extra_model_paths.yaml')
    return found === undefined ? [] : [found]
  }
  return [
    // Each one that is a default goes before those that were there.
    ...extra
      .filter(({ first }) => first)
      .toReversed()
      .flatMap(toCandidate),
    comfyModels(home, search),
    ...extra.filter(({ first }) => !first).flatMap(toCandidate),
  ]
}

async function readExtraFile(path: string, asked: boolean, search: Search): Promise<readonly ExtraFolder[]> {
  const config = await readConfig(path)
  if (config === undefined) {
    if (asked) search.note(`${path}, named by --extra-model-paths-config, does not exist.`)
    return []
  }
  if ('fault' in config) {
    search.note(`Cannot read ${path}: ${config.fault}; its folders are not used.`)
    return []
  }
  return readExtraPaths(config.text, path, search)
}
