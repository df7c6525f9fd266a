import type { ModelType } from './model-file.ts'

/**
 * Folder names of ComfyUI, A1111, Forge, SwarmUI, Fooocus and StabilityMatrix, lower-cased, without `_`, `-` and
 * blanks, so that `Stable-diffusion`, `StableDiffusion` and `stable_diffusion` are one.
 */
const FOLDERS: Readonly<Record<string, ModelType>> = {
  checkpoints: 'checkpoint',
  checkpoint: 'checkpoint',
  stablediffusion: 'checkpoint',
  diffusionmodels: 'diffusion_model',
  unet: 'diffusion_model',
  loras: 'lora',
  lora: 'lora',
  lycoris: 'lora',
  embeddings: 'embedding',
  textualinversion: 'embedding',
  vae: 'vae',
  vaeapprox: 'vae',
  approxvae: 'vae',
  textencoders: 'text_encoder',
  textencoder: 'text_encoder',
  clip: 'text_encoder',
  clipvision: 'clip_vision',
  controlnet: 'controlnet',
  t2iadapter: 'controlnet',
  modelpatches: 'controlnet',
  upscalemodels: 'upscaler',
  latentupscalemodels: 'upscaler',
  esrgan: 'upscaler',
  realesrgan: 'upscaler',
  swinir: 'upscaler',
  ldsr: 'upscaler',
  dat: 'upscaler',
  ipadapter: 'ipadapter',
  stylemodels: 'style_model',
  hypernetworks: 'hypernetwork',
  hypernetwork: 'hypernetwork',
  animatediffmodels: 'motion_module',
  motionmodule: 'motion_module',
  ultralytics: 'detector',
  adetailer: 'detector',
  yolov8: 'detector',
  sams: 'detector',
  sam: 'detector',
  facerestoremodels: 'other',
  gfpgan: 'other',
  codeformer: 'other',
}

export interface PlacedModel {
  readonly type: ModelType
  /** Path below the folder that gives the type: the name under which a UI lists the file. */
  readonly name: string
}

/**
 * Type and listed name of a file from its place: the outermost folder below the root that has a known name, or the
 * root itself (`--models /data/loras`).
 * @param root absolute path of the root
 * @param relative path below it, `/` between the parts
 */
export function placeModel(root: string, relative: string): PlacedModel {
  const parts = relative.split('/')
  for (let at = 0; at < parts.length - 1; at += 1) {
    const type = folderType(parts[at])
    if (type !== undefined) return { type, name: parts.slice(at + 1).join('/') }
  }
  return { type: folderType(root.split('/').at(-1)) ?? 'other', name: relative }
}

function folderType(name: string | undefined): ModelType | undefined {
  const key = (name ?? '').toLowerCase().replaceAll(/[-_ ]/g, '')
  return Object.hasOwn(FOLDERS, key) ? FOLDERS[key] : undefined
}
