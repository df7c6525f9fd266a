import type { DependencyType } from '../../dependency.ts'

/** Types of models by the words in names of inputs and of classes. The first that fits counts. */
const BY_WORD: readonly (readonly [RegExp, DependencyType])[] = [
  [/hyper ?net/, 'hypernetwork'],
  [/embedding|textual ?inversion/, 'embedding'],
  [/lora|lycoris/, 'lora'],
  [/ip ?adapter|instant ?id|pulid/, 'ipadapter'],
  [/clip ?vision|image encoder/, 'clip_vision'],
  [/control|t2i ?adapter|model patch/, 'controlnet'],
  [/vae\b|\bvae|autoencoder/, 'vae'],
  [/upscale|esrgan|swinir/, 'upscaler'],
  [/motion|animate ?diff/, 'motion_module'],
  [/\bsam\d?\b|segment|yolo|bbox|\bsegm|detect|ultralytics|dino/, 'detector'],
  [/preprocessor|annotat|depth|\bvfi\b|interpolat|\brife\b|restore|caption|audio|whisper|gligen|photo ?maker/, 'other'],
  [/clip\b|\bclip|text ?encoder|\bu?mt5|\bt5|\bte\d?\b|llm|gemma|chatglm/, 'text_encoder'],
  [/style ?model/, 'style_model'],
  [/ckpt|checkpoint/, 'checkpoint'],
  [/unet|diffusion|gguf|\bdit\b|transformer/, 'diffusion_model'],
]

/** `UNETLoaderGGUF` and `unet_name` as words: `unet loader gguf`, `unet name`. */
const words = (name: string): string =>
  name
    .slice(0, 200)
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z\d])([A-Z][a-z])/g, '$1 $2')
    .replaceAll(/[_\-./|:]+/g, ' ')
    .toLowerCase()

const typeByWord = (name: string): DependencyType | undefined => {
  const text = words(name)
  return BY_WORD.find(([pattern]) => pattern.test(text))?.[1]
}

/** Classes that look at pictures: the checkpoints they name are their own and make none. */
const LOOKS_ONLY = /preprocessor|annotat|\bvfi\b|interpolat|depth|segment|detect|restore|caption/

/**
 * The type of a model file by the name of the input that names it, else by that of the node's class; `other` where
 * neither tells.
 */
export function guessType(input: string, className: string): DependencyType {
  const byInput = typeByWord(input)
  const byClass = typeByWord(className)
  if (byInput === 'checkpoint' && LOOKS_ONLY.test(words(className))) return byClass ?? 'other'
  if (byInput === 'text_encoder' && byClass === 'clip_vision') return byClass
  return byInput ?? byClass ?? (/^(?:base_|refiner_)?model(?:_name|_path)?$/.test(input) ? 'diffusion_model' : 'other')
}
