/** What a model file is, in the field's words. Civitai's spellings stay in `civitai/`. */
export const MODEL_TYPES = [
  'checkpoint',
  'diffusion_model',
  'lora',
  'embedding',
  'vae',
  'text_encoder',
  'clip_vision',
  'controlnet',
  'upscaler',
  'ipadapter',
  'style_model',
  'hypernetwork',
  'motion_module',
  'detector',
  'other',
] as const

export type ModelType = (typeof MODEL_TYPES)[number]

/** What ComfyUI and A1111 load, and gguf. */
const MODEL_EXTENSIONS = ['.safetensors', '.sft', '.ckpt', '.pt', '.pt2', '.pth', '.bin', '.pkl', '.gguf']

/** The model extension that `name` ends with, if any; a dot elsewhere (`v0.178`) is part of the name. */
export function modelExtension(name: string): string | undefined {
  const lower = name.toLowerCase()
  return MODEL_EXTENSIONS.find((extension) => lower.endsWith(extension) && lower.length > extension.length)
}

/** `style/foo.safetensors` -> `foo`: without folders (either separator) and without a model extension. */
export function modelStem(name: string): string {
  const base = name.split(/[\\/]/).at(-1) ?? name
  const extension = modelExtension(base)
  return extension === undefined ? base : base.slice(0, -extension.length)
}

/** `style\foo.safetensors` -> `style/foo`: the name as a UI lists it, however it was written. */
export function modelKey(name: string): string {
  const path = name.replaceAll('\\', '/').replace(/^\/+/, '')
  const extension = modelExtension(path)
  return extension === undefined ? path : path.slice(0, -extension.length)
}
