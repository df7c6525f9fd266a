import { classOf, componentType, type FolderClass } from './known-folders.ts'
import type { ModelType } from './model-file.ts'
import type { Layout } from './root.ts'

export interface PlacedModel {
  readonly type: ModelType
  /** Path below the folder that gives the type: the name under which a UI lists the file. */
  readonly name: string
}

/**
 * Type and listed name of a file from its place: the outermost folder below the root that has a known name, or the
 * root itself (`--models /data/loras`). Folders of type `other` yield to a typed one further in. A file of the Hugging
 * Face cache is listed as `org/repo/path`, its type guessed from the folders of its repository.
 * @param root absolute path of the root
 * @param relative path below it, `/` between the parts
 */
export function placeModel(root: string, relative: string): PlacedModel {
  let other: PlacedModel | undefined
  let start = 0
  for (let end = relative.indexOf('/'); end !== -1; end = relative.indexOf('/', start)) {
    const part = relative.slice(start, end)
    if (part.startsWith('models--')) {
      const cached = placeCached(part, relative.slice(end + 1))
      if (cached !== undefined) return cached
    }
    const known = classOf(part) ?? invokeFolder(relative, start, part)
    start = end + 1
    if (known === undefined) continue
    const name = relative.slice(start)
    if (known.holdsRepositories) return { type: typeInRepository(name) ?? 'other', name }
    if (known.type !== 'other') return { type: known.type, name }
    other ??= { type: 'other', name }
  }
  return other ?? { type: classOf(root.slice(root.lastIndexOf('/') + 1))?.type ?? 'other', name: relative }
}

/** `models--org--repo` and `snapshots/<revision>/vae/x.safetensors` within it. */
function placeCached(repository: string, below: string): PlacedModel | undefined {
  const [, path] = /^snapshots\/[^/]+\/(.+)$/s.exec(below) ?? []
  if (path === undefined) return undefined
  const name = repository.split('--').slice(1).join('/')
  return { type: typeInRepository(path) ?? 'other', name: `${name}/${path}` }
}

function typeInRepository(path: string): ModelType | undefined {
  const folders = path.split('/')
  const file = folders.pop()
  for (const folder of folders) {
    const type = componentType(folder)
    if (type !== undefined && type !== 'other') return type
  }
  // The one name that diffusers gives to nothing else.
  return file?.startsWith('pytorch_lora_weights.') ? 'lora' : undefined
}

/** InvokeAI keeps models as `<base>/<type>/…`; of its type folders only `main` is too common a word to stand alone. */
const INVOKE_BASES = /^(?:any|sd-[123]|sdxl(?:-refiner)?|flux2?|cogview4)$/
const MAIN: FolderClass = { type: 'checkpoint', folders: ['main'] }

function invokeFolder(relative: string, start: number, part: string): FolderClass | undefined {
  if (part !== 'main' || start === 0) return undefined
  const base = relative.slice(relative.lastIndexOf('/', start - 2) + 1, start - 1)
  return INVOKE_BASES.test(base) ? MAIN : undefined
}

const COMFY: Readonly<Record<ModelType, string>> = {
  checkpoint: 'checkpoints',
  diffusion_model: 'diffusion_models',
  lora: 'loras',
  embedding: 'embeddings',
  vae: 'vae',
  text_encoder: 'text_encoders',
  clip_vision: 'clip_vision',
  controlnet: 'controlnet',
  upscaler: 'upscale_models',
  ipadapter: 'ipadapter',
  style_model: 'style_models',
  hypernetwork: 'hypernetworks',
  motion_module: 'animatediff_models',
  detector: 'ultralytics',
  other: '',
}

/** All spellings of what `folder` holds, `folder` itself where no UI knows it: for looking in each of them. */
export function equivalentFolders(folder: string): readonly string[] {
  return classOf(folder)?.folders ?? [folder]
}

interface Folders {
  /** Where the folders lie. */
  readonly base: string
  /** Those whose names are not ComfyUI's; from the home on where they begin with `/`. */
  readonly own: Partial<Record<ModelType, string>>
}

const FOLDERS: Readonly<Record<Layout, Folders>> = {
  comfyui: { base: 'models', own: {} },
  a1111: {
    base: 'models',
    own: {
      checkpoint: 'Stable-diffusion',
      // Forge lists both kinds in one menu.
      diffusion_model: 'Stable-diffusion',
      lora: 'Lora',
      embedding: '/embeddings',
      vae: 'VAE',
      text_encoder: 'text_encoder',
      controlnet: 'ControlNet',
      ipadapter: 'ControlNet',
      upscaler: 'ESRGAN',
      detector: 'adetailer',
      motion_module: '/extensions/sd-webui-animatediff/model',
    },
  },
  swarmui: {
    base: 'Models',
    own: { checkpoint: 'Stable-Diffusion', lora: 'Lora', embedding: 'Embeddings', vae: 'VAE', detector: 'yolov8' },
  },
  // Fooocus takes no models without text encoder and VAE.
  fooocus: { base: 'models', own: { diffusion_model: 'checkpoints', ipadapter: 'controlnet', detector: 'sam' } },
  invokeai: {
    base: 'autoimport',
    own: { checkpoint: 'main', diffusion_model: 'main', lora: 'lora', embedding: 'embedding' },
  },
  stabilitymatrix: {
    base: 'Models',
    own: {
      checkpoint: 'StableDiffusion',
      diffusion_model: 'DiffusionModels',
      lora: 'Lora',
      embedding: 'Embeddings',
      vae: 'VAE',
      text_encoder: 'TextEncoders',
      clip_vision: 'ClipVision',
      controlnet: 'ControlNet',
      upscaler: 'ESRGAN',
      ipadapter: 'IpAdapter',
      style_model: 'StyleModels',
      hypernetwork: 'Hypernetwork',
      detector: 'Ultralytics',
    },
  },
  // Its files get there by its own client alone.
  huggingface: { base: '', own: {} },
  folder: { base: '', own: {} },
}

/**
 * The folder from which a UI of this layout loads models of a type, as it is without further settings: relative to the
 * UI's home (for StabilityMatrix the library, for `folder` the folder itself), `/` between the parts, `` for the home
 * itself. ComfyUI's name where the UI has none of its own.
 */
export function folderFor(type: ModelType, layout: Layout): string {
  const { base, own } = FOLDERS[layout]
  const folder = own[type] ?? COMFY[type]
  if (folder.startsWith('/')) return folder.slice(1)
  return [base, folder].filter((part) => part !== '').join('/')
}
