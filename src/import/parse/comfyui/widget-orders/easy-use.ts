import { numbered, type WidgetOrders } from './order.ts'

const LORA = 'lora_name lora_model_strength lora_clip_strength'
const SIZE = 'resolution empty_latent_width empty_latent_height'
const PROMPTS = 'positive negative batch_size'

const side = (name: string): string => `${name} ${name}_token_normalization ${name}_weight_interpretation`

/** The stack of Easy-Use, which others copy. */
const stack = (name: (number: number) => string): string =>
  `toggle mode num_loras ${numbered(
    10,
    (n) => `${name(n)} lora_${n}_strength lora_${n}_model_strength lora_${n}_clip_strength`,
  )}`

const controlnetStack = (rest: (number: number) => string): string =>
  `toggle mode num_controlnet ${numbered(3, (n) => `controlnet_${n} controlnet_${n}_strength start_percent_${n} end_percent_${n}${rest(n)}`)}`

export const EASY_USE_ORDERS: WidgetOrders = {
  'easy a1111Loader': `ckpt_name vae_name clip_skip ${LORA} ${SIZE} ${PROMPTS} a1111_prompt_style`,
  'easy comfyLoader': `ckpt_name vae_name clip_skip ${LORA} ${SIZE} ${PROMPTS}`,
  'easy fullLoader':
    `ckpt_name config_name vae_name clip_skip ${LORA} ${SIZE} ${side('positive')} ${side('negative')} ` +
    'batch_size a1111_prompt_style',
  'easy hunyuanDiTLoader': `ckpt_name vae_name ${LORA} ${SIZE} ${PROMPTS}`,
  'easy fluxLoader': `ckpt_name vae_name ${LORA} ${SIZE} positive batch_size`,
  'easy mochiLoader': `ckpt_name vae_name positive negative ${SIZE} length batch_size`,
  'easy kolorsLoader': `unet_name vae_name chatglm3_name ${LORA} ${SIZE} ${PROMPTS} auto_clean_gpu`,
  'easy cascadeLoader': `stage_c stage_b stage_a clip_name ${LORA} ${SIZE} compression ${PROMPTS}`,
  'easy pixArtLoader':
    'ckpt_name model_name vae_name t5_type clip_name padding t5_name device dtype lora_name lora_model_strength ' +
    `ratio empty_latent_width empty_latent_height ${PROMPTS}`,
  'easy svdLoader': `ckpt_name vae_name clip_name ${SIZE} video_frames motion_bucket_id fps augmentation_level`,
  'easy sv3dLoader': 'ckpt_name vae_name empty_latent_width empty_latent_height batch_size',
  'easy zero123Loader': 'ckpt_name vae_name empty_latent_width empty_latent_height batch_size',
  'easy loraStack': stack((number) => `lora_${number}_name`),
  LoadLoraFromUrlOrPath: stack((number) => `lora_${number}_url`),
  'easy controlnetStack': [controlnetStack((n) => ` scale_soft_weight_${n}`), controlnetStack(() => '')],
  'easy controlnetLoader': 'control_net_name strength scale_soft_weights',
  'easy controlnetLoaderADV': 'control_net_name strength start_percent end_percent scale_soft_weights',
  'easy controlnetLoader++': 'control_net_name strength start_percent end_percent scale_soft_weights union_type',
  'easy controlnetNames': 'controlnet_name',
}
