import { basename, dirname, join } from 'node:path'
import type { Layout } from '../root.ts'
import { namesIn } from './look.ts'

type Names = ReadonlySet<string>

/** What only the home of one UI has. Fooocus has the files of A1111 too, so the order matters. */
const HOMES: readonly (readonly [Layout, (names: Names) => boolean])[] = [
  ['invokeai', (names) => names.has('invokeai.yaml')],
  ['stabilitymatrix', (names) => names.has('Packages') && names.has('Models')],
  ['fooocus', (names) => names.has('fooocus_version.py') || names.has('entry_with_update.py')],
  ['swarmui', (names) => names.has('SwarmUI.sln') || names.has('dlbackend') || names.has('launchtools')],
  [
    'comfyui',
    (names) =>
      names.has('folder_paths.py') ||
      (names.has('comfy') && names.has('main.py')) ||
      names.has('extra_model_paths.yaml') ||
      names.has('extra_model_paths.yaml.example'),
  ],
  [
    'a1111',
    (names) =>
      names.has('webui.py') ||
      names.has('webui-user.sh') ||
      names.has('modules_forge') ||
      (names.has('launch.py') && names.has('modules')),
  ],
]

/** Which UI's home this is, told by its own files; undefined for another folder. */
export async function recogniseHome(path: string): Promise<Layout | undefined> {
  const names = await namesIn(path)
  for (const [layout, isHome] of HOMES) if (isHome(names)) return layout
  if (!names.has('Data')) return undefined
  const data = await namesIn(join(path, 'Data'))
  if (data.has('Settings.fds')) return 'swarmui'
  return data.has('.sm-portable') || (data.has('Packages') && data.has('Models')) ? 'stabilitymatrix' : undefined
}

/** Which UI keeps models in folders of these names; two of them, where one alone could stand anywhere. */
const COMFY_FOLDERS = [
  'checkpoints',
  'loras',
  'vae',
  'diffusion_models',
  'unet',
  'text_encoders',
  'clip',
  'clip_vision',
  'controlnet',
  'upscale_models',
  'embeddings',
  'style_models',
]
const INVOKE_FOLDERS = ['any', 'sd-1', 'sd-2', 'sdxl', 'sdxl-refiner', 'flux']
const MODELS: readonly (readonly [Layout, (names: Names) => boolean])[] = [
  ['huggingface', (names) => [...names].some((name) => name.startsWith('models--'))],
  ['stabilitymatrix', (names) => names.has('StableDiffusion')],
  ['swarmui', (names) => names.has('Stable-Diffusion')],
  ['a1111', (names) => names.has('Stable-diffusion') || (names.has('Lora') && names.has('VAE'))],
  ['fooocus', (names) => names.has('checkpoints') && names.has('prompt_expansion')],
  ['comfyui', (names) => COMFY_FOLDERS.filter((name) => names.has(name)).length >= 2],
  ['invokeai', (names) => INVOKE_FOLDERS.filter((name) => names.has(name)).length >= 2],
]

/** Which UI's folder of models this is, told by the folders in it, else by the home around it. */
export async function recogniseModels(path: string): Promise<Layout | undefined> {
  const names = await namesIn(path)
  for (const [layout, isModels] of MODELS) if (isModels(names)) return layout
  return isModelsName(path) ? recogniseHome(dirname(path)) : undefined
}

/** Whether a folder is called as UIs call the one with all their models. */
export const isModelsName = (path: string): boolean => basename(path).toLowerCase() === 'models'

/** What a home that is not there yet will be, by its name alone. */
export function layoutOfName(path: string): Layout {
  const name = basename(path)
  if (/comfy/i.test(name)) return 'comfyui'
  if (/swarm/i.test(name)) return 'swarmui'
  if (/fooocus/i.test(name)) return 'fooocus'
  if (/invoke/i.test(name)) return 'invokeai'
  if (/stability.?matrix/i.test(name)) return 'stabilitymatrix'
  return /stable-diffusion-webui|a1111|automatic1111|forge/i.test(name) ? 'a1111' : 'folder'
}
