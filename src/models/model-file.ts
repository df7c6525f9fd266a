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

/** What ComfyUI, A1111 and the runtimes beside them load. */
const MODEL_EXTENSION = /\.(?:safetensors|sft|ckpt|pt2?|pth|bin|gguf|onnx|engine|pkl|nf4)$/i

/**
 * The model extension that `name` ends with, with its dot and as written; a dot elsewhere (`v0.178`) is part of the
 * name, and a name that is nothing but an extension has none.
 */
export function modelExtension(name: string): string | undefined {
  const extension = MODEL_EXTENSION.exec(name)?.[0]
  return extension === undefined || /(?:^|[\\/])$/.test(name.slice(0, -extension.length)) ? undefined : extension
}
