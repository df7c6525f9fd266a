import { join } from 'node:path'
import type { ModelType } from '../model-file.ts'
import { findComfyFolders } from './comfy.ts'
import { readFds } from './fds.ts'
import { readConfig } from './look.ts'
import { type Candidate, candidate, type FindFolders, pathFrom, type Search } from './search.ts'

/** Settings below `Paths` and what SwarmUI takes where they are missing. */
const FOLDER_SETTINGS: Readonly<Record<string, { readonly type: ModelType; readonly fallback: string }>> = {
  SDModelFolder: { type: 'checkpoint', fallback: 'Stable-Diffusion' },
  SDLoraFolder: { type: 'lora', fallback: 'Lora' },
  SDVAEFolder: { type: 'vae', fallback: 'VAE' },
  SDEmbeddingFolder: { type: 'embedding', fallback: 'Embeddings' },
  SDControlNetsFolder: { type: 'controlnet', fallback: 'controlnet;model_patches' },
  SDClipFolder: { type: 'text_encoder', fallback: 'text_encoders;clip' },
  SDClipVisionFolder: { type: 'clip_vision', fallback: 'clip_vision' },
}

/** It ships a ComfyUI that has folders of its own. */
const BACKEND = 'dlbackend/ComfyUI'

/**
 * Model folders of a SwarmUI: each of its model roots, in each the folders that the settings name for a type, and those
 * of the ComfyUI that it brings. `DownloadToRootID` tells which root comes first.
 */
export const findSwarmFolders: FindFolders = async (home, search) => {
  const settings = await readSettings(home, search)
  const listed = (name: string): readonly string[] | undefined => {
    const parts = settings.get(`Paths.${name}`)?.split(';') ?? []
    const given = parts.map((part) => part.trim()).filter((part) => part !== '')
    return given.length === 0 ? undefined : given
  }
  const from = 'Data/Settings.fds'
  const configured = listed('ModelRoot')
  const roots = (configured ?? ['Models']).map((root) => pathFrom(home, root, search.homeDir))
  const main = Math.abs(Number(settings.get('Paths.DownloadToRootID') ?? 0)) % roots.length
  const typed: Candidate[] = []
  for (const root of inFront(roots, Number.isInteger(main) ? main : 0)) {
    for (const [setting, { type, fallback }] of Object.entries(FOLDER_SETTINGS)) {
      for (const folder of listed(setting) ?? fallback.split(';')) {
        typed.push(candidate(pathFrom(root, folder, search.homeDir), 'swarmui', typeIn(setting, folder, type)))
      }
    }
  }
  return [
    ...inFront(roots, Number.isInteger(main) ? main : 0).map((root) =>
      candidate(root, 'swarmui', undefined, configured === undefined ? undefined : from),
    ),
    ...typed,
    ...(await findComfyFolders(join(home, BACKEND), { ...search, comfyArgs: '' })),
  ]
}

/** `diffusion_models` among the folders of checkpoints is no folder of checkpoints. */
function typeIn(setting: string, folder: string, type: ModelType): ModelType {
  return setting === 'SDModelFolder' && /^(?:diffusion_models|unet)$/i.test(folder) ? 'diffusion_model' : type
}

const inFront = <T>(items: readonly T[], at: number): readonly T[] => [
  ...items.slice(at, at + 1),
  ...items.slice(0, at),
  ...items.slice(at + 1),
]

async function readSettings(home: string, { note }: Search): Promise<ReadonlyMap<string, string>> {
  const path = join(home, 'Data/Settings.fds')
  const config = await readConfig(path)
  if (config === undefined) return new Map()
  if ('fault' in config) {
    note(`Cannot read ${path}: ${config.fault}; SwarmUI's usual folders are taken.`)
    return new Map()
  }
  return readFds(config.text)
}
