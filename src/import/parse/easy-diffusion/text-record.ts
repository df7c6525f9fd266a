/** Labels of the text that Easy Diffusion writes beside a picture, and the names of its JSON for them. */
const FIELDS: ReadonlyMap<string, string> = new Map([
  ['prompt', 'prompt'],
  ['negative prompt', 'negative_prompt'],
  ['seed', 'seed'],
  ['stable diffusion model', 'use_stable_diffusion_model'],
  ['clip skip', 'clip_skip'],
  ['controlnet model', 'use_controlnet_model'],
  ['controlnet filter', 'control_filter_to_apply'],
  ['control net strength', 'control_alpha'],
  ['vae model', 'use_vae_model'],
  ['text encoder model', 'use_text_encoder_model'],
  ['sampler', 'sampler_name'],
  ['scheduler', 'scheduler_name'],
  ['width', 'width'],
  ['height', 'height'],
  ['steps', 'num_inference_steps'],
  ['guidance scale', 'guidance_scale'],
  ['prompt strength', 'prompt_strength'],
  ['lora model', 'use_lora_model'],
  ['lora strength', 'lora_alpha'],
  ['hypernetwork model', 'use_hypernetwork_model'],
  ['hypernetwork strength', 'hypernetwork_strength'],
  ['embedding models', 'use_embeddings_model'],
  ['seamless tiling', 'tiling'],
  ['use face correction', 'use_face_correction'],
  ['use upscaling', 'use_upscale'],
  ['upscale by', 'upscale_amount'],
  ['latent upscaler steps', 'latent_upscaler_steps'],
])

/** Whose text may go on over several lines. */
const LONG = new Set(['prompt', 'negative_prompt'])
const MOST_LINES = 2000

export interface TextRecord {
  /** By the names of the JSON; the first of a name counts. */
  readonly fields: ReadonlyMap<string, string>
  /** How many labels there were. */
  readonly labels: number
}

/** `Stable Diffusion model: sd-v1-4`, one field a line; a first line without a label is the prompt. */
export function readTextRecord(text: string): TextRecord {
  const fields = new Map<string, string[]>()
  let labels = 0
  let open: string[] | undefined = []
  for (const [index, line] of text.split(/\r?\n/, MOST_LINES).entries()) {
    const colon = line.slice(0, 40).indexOf(':')
    const field = colon < 0 ? undefined : FIELDS.get(line.slice(0, colon).trim().toLowerCase())
    if (field !== undefined) {
      labels += 1
      const value = [line.slice(colon + 1)]
      if (!fields.has(field)) fields.set(field, value)
      open = LONG.has(field) ? value : undefined
    } else if (index === 0) {
      open = [line]
      fields.set('prompt', open)
    } else open?.push(line)
  }
  return { fields: new Map([...fields].map(([name, lines]) => [name, lines.join('\n').trim()])), labels }
}
