import type { DependencyType } from './dependency.ts'
import type { Mention } from './mention.ts'

/** Display names that stand for a file, or for none, wherever A1111's family of UIs writes them. */

export const BUILT_IN = 'It is built into the UI: no file is needed'

/** Files that the UI fetches itself when the name is first used. */
const FETCHED_BY_UI: ReadonlyMap<string, string | undefined> = new Map([
  ['r-esrgan 4x+', 'RealESRGAN_x4plus.pth'],
  ['r-esrgan 4x+ anime6b', 'RealESRGAN_x4plus_anime_6B.pth'],
  ['esrgan_4x', 'ESRGAN_4x.pth'],
  ['swinir 4x', 'SwinIR_4x.pth'],
  ['ldsr', undefined],
  ['scunet', undefined],
  ['scunet gan', undefined],
  ['scunet psnr', undefined],
  ['dat x2', undefined],
  ['dat x3', undefined],
  ['dat x4', undefined],
])

/** `Latent`, `Latent (nearest-exact)`, `Lanczos`: done without weights. */
const WITHOUT_WEIGHTS = /^(?:(?:resize )?(?:latent\b|lanczos|nearest|bilinear|bicubic|area$)|pixel-)/i

/** SD.Next puts the family before the file's name: `ESRGAN 4x Ultrasharp`. */
const UPSCALER_FAMILY = /^(?:ESRGAN|RealESRGAN|SwinIR|DAT|HAT|ScuNET|SPAN|OmniSR|Compact|Spandrel|Chainner) (?=.{3})/i

/** What an upscaler's display name stands for. */
export function upscaler(name: string): Partial<Mention> & Pick<Mention, 'type'> {
  const key = name.trim().toLowerCase()
  if (WITHOUT_WEIGHTS.test(key)) return { type: 'upscaler', name, skip: BUILT_IN }
  if (FETCHED_BY_UI.has(key)) {
    const file = FETCHED_BY_UI.get(key)
    return { type: 'upscaler', name, optional: true, ...(file === undefined ? {} : { knownFile: file }) }
  }
  const withoutFamily = name.trim().replace(UPSCALER_FAMILY, '')
  return withoutFamily === name.trim()
    ? { type: 'upscaler', name }
    : { type: 'upscaler', name, knownFile: withoutFamily }
}

/** MediaPipe's detectors come with its package; the others are files. */
export const detector = (name: string): Partial<Mention> & Pick<Mention, 'type'> =>
  /^mediapipe_/i.test(name.trim()) ? { type: 'detector', name, skip: BUILT_IN } : { type: 'detector', name }

const TEXT_ENCODER = /clip|t5|qwen|llama|gemma|mistral|text_?encoder|byt5|gpt-?oss/i
const VAE = /vae|^ae$|^ae[._-]|taesd|taef1|autoencoder/i

/** Forge's `Module 1` and the like hold VAEs and text encoders without saying which: `other` where the name does not. */
export function moduleType(stem: string): DependencyType {
  if (VAE.test(stem)) return 'vae'
  return TEXT_ENCODER.test(stem) ? 'text_encoder' : 'other'
}

const CIVITAI_TYPES: ReadonlyMap<string, DependencyType> = new Map([
  ['checkpoint', 'checkpoint'],
  ['model', 'checkpoint'],
  ['ag', 'checkpoint'],
  ['unet', 'diffusion_model'],
  ['diffusionmodel', 'diffusion_model'],
  ['lora', 'lora'],
  ['locon', 'lora'],
  ['lycoris', 'lora'],
  ['lyco', 'lora'],
  ['dora', 'lora'],
  ['embed', 'embedding'],
  ['embedding', 'embedding'],
  ['textualinversion', 'embedding'],
  ['vae', 'vae'],
  ['hypernet', 'hypernetwork'],
  ['hypernetwork', 'hypernetwork'],
  ['controlnet', 'controlnet'],
  ['upscaler', 'upscaler'],
  ['motion', 'motion_module'],
  ['motionmodule', 'motion_module'],
  ['clip', 'text_encoder'],
  ['textencoders', 'text_encoder'],
  // The word of AIRs before.
  ['textencoder', 'text_encoder'],
  ['visionlanguage', 'text_encoder'],
  ['clipvision', 'clip_vision'],
  ['detection', 'detector'],
])

/** The types of Civitai's resources, of AIRs and of the keys of `Hashes`; `other` for what is not known. */
export const typeOfResource = (type: unknown): DependencyType =>
  (typeof type === 'string' ? CIVITAI_TYPES.get(type.toLowerCase().replace(/[\s_]/g, '')) : undefined) ?? 'other'
