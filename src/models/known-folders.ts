import type { ModelType } from './model-file.ts'

/** Folders of all UIs that hold the same: a file in one of them is as good as in another. */
export interface FolderClass {
  readonly type: ModelType
  /** Every spelling in use, ComfyUI's first; case, `_`, `-` and blanks do not tell them apart. */
  readonly folders: readonly string[]
  /** Below it lie repositories whose own folders (`vae/`, `text_encoder/`) tell the type. */
  readonly holdsRepositories?: true
}

/**
 * Folders of ComfyUI with the nodes that many use, A1111, Forge, SwarmUI, Fooocus, StabilityMatrix and InvokeAI, and
 * of images for rented machines that write `models/lora` and `models/esrgan`.
 */
export const FOLDER_CLASSES: readonly FolderClass[] = [
  {
    type: 'checkpoint',
    folders: ['checkpoints', 'checkpoint', 'Stable-diffusion', 'Stable-Diffusion', 'StableDiffusion'],
  },
  {
    type: 'diffusion_model',
    folders: ['diffusion_models', 'unet', 'diffusion_model', 'DiffusionModels', 'Unet', 'unet_gguf'],
  },
  { type: 'lora', folders: ['loras', 'Lora', 'lora', 'LyCORIS', 'lycoris'] },
  { type: 'vae', folders: ['vae', 'VAE'] },
  { type: 'vae', folders: ['vae_approx', 'VAE-approx', 'ApproxVAE'] },
  {
    type: 'text_encoder',
    folders: ['text_encoders', 'clip', 'text_encoder', 'TextEncoders', 'CLIP', 'clip_gguf', 'clip_embed', 't5_encoder'],
  },
  { type: 'clip_vision', folders: ['clip_vision', 'ClipVision'] },
  { type: 'embedding', folders: ['embeddings', 'Embeddings', 'embedding', 'TextualInversion', 'textual_inversion'] },
  { type: 'hypernetwork', folders: ['hypernetworks', 'Hypernetwork', 'hypernetwork'] },
  { type: 'controlnet', folders: ['controlnet', 'ControlNet', 't2i_adapter', 'T2IAdapter', 'xlabs_controlnets'] },
  { type: 'controlnet', folders: ['model_patches', 'ModelPatches'] },
  {
    type: 'ipadapter',
    folders: ['ipadapter', 'IpAdapter', 'ip_adapter', 'IpAdapters15', 'IpAdaptersXl', 'ipadapter-flux'],
  },
  {
    type: 'upscaler',
    folders: [
      'upscale_models',
      'ESRGAN',
      'esrgan',
      'RealESRGAN',
      'SwinIR',
      'BSRGAN',
      'ScuNET',
      'LDSR',
      'DAT',
      'upscaler',
      'upscalers',
      'spandrel_image_to_image',
    ],
  },
  { type: 'upscaler', folders: ['latent_upscale_models'] },
  { type: 'style_model', folders: ['style_models', 'StyleModels'] },
  {
    type: 'motion_module',
    folders: ['animatediff_models', 'motion_module', 'MotionModule', 'animatediff_motion_lora'],
  },
  {
    type: 'detector',
    folders: [
      'ultralytics',
      'adetailer',
      'AfterDetailer',
      'Ultralytics',
      'yolov8',
      'ultralytics_bbox',
      'ultralytics_segm',
    ],
  },
  { type: 'detector', folders: ['sams', 'sam', 'Sams'] },
  { type: 'detector', folders: ['detection'] },
  { type: 'other', folders: ['facerestore_models', 'GFPGAN', 'Codeformer', 'facerestore'] },
  { type: 'other', folders: ['diffusers', 'Diffusers'], holdsRepositories: true },
  { type: 'other', folders: ['audio_encoders', 'AudioEncoders'] },
  { type: 'other', folders: ['background_removal', 'BackgroundRemoval'] },
  { type: 'other', folders: ['prompt_expansion', 'PromptExpansion'] },
  { type: 'other', folders: ['deepbooru', 'DeepDanbooru', 'torch_deepdanbooru'] },
  { type: 'other', folders: ['safety_checker', 'safety_checker_models'] },
  ...[
    'gligen',
    'photomaker',
    'classifiers',
    'configs',
    'frame_interpolation',
    'geometry_estimation',
    'optical_flow',
    'insightface',
    'inpaint',
    'karlo',
    'svd',
    'tensorrt',
  ].map((folder): FolderClass => ({ type: 'other', folders: [folder] })),
]

/** Folders within a repository of Hugging Face's diffusers that `FOLDER_CLASSES` does not have. */
const COMPONENTS: Readonly<Record<string, ModelType>> = {
  transformer: 'diffusion_model',
  transformer2: 'diffusion_model',
  unet2: 'diffusion_model',
  prior: 'diffusion_model',
  textencoder2: 'text_encoder',
  textencoder3: 'text_encoder',
  textencoder4: 'text_encoder',
  imageencoder: 'clip_vision',
  vqvae: 'vae',
  movq: 'vae',
}

/** The part of a name that tells folders apart. */
const normalised = (name: string): string => name.toLowerCase().replaceAll(/[-_ ]/g, '')

const CLASSES = new Map(
  FOLDER_CLASSES.flatMap((known) => known.folders.map((name) => [normalised(name), known] as const)),
)

/** Names of folders are few and files many: most lookups end here. */
const seen = new Map<string, FolderClass | undefined>()
const SEEN_LIMIT = 10_000

/** What a UI keeps in a folder of this name. */
export function classOf(name: string): FolderClass | undefined {
  const known = seen.get(name)
  if (known !== undefined || seen.has(name)) return known
  if (seen.size >= SEEN_LIMIT) seen.clear()
  const found = CLASSES.get(normalised(name))
  seen.set(name, found)
  return found
}

/** Type of a file in a folder of this name within a repository of Hugging Face. */
export function componentType(name: string): ModelType | undefined {
  const key = normalised(name)
  return Object.hasOwn(COMPONENTS, key) ? COMPONENTS[key] : classOf(name)?.type
}
