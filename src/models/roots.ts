import { stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface RootSettings {
  /** Folders that the user named. */
  readonly models: readonly string[]
  /** Folder of the UI, empty where not set. */
  readonly ui_home: string
}

/** Where rented machines keep their UIs; asked in this order when nothing is set. */
const UI_HOMES = [
  '/workspace/ComfyUI',
  '/workspace/stable-diffusion-webui-forge',
  '/workspace/stable-diffusion-webui',
  '/workspace/SwarmUI',
]

/** Model folders of a UI; `embeddings` stands beside `models` in A1111 and Forge. */
const MODEL_FOLDERS = ['models', 'Models', 'embeddings']

/** The model folders of this host, as far as they exist. */
export async function findModelRoots({ models, ui_home }: RootSettings): Promise<readonly string[]> {
  if (models.length > 0) return models
  const homes = ui_home === '' ? UI_HOMES : [ui_home]
  const roots: string[] = []
  for (const home of homes) {
    for (const folder of MODEL_FOLDERS) {
      const path = join(home, folder)
      if (await isFolder(path)) roots.push(path)
    }
  }
  return roots
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
