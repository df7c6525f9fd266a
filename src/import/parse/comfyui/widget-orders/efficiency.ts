import { numbered, type WidgetOrders } from './order.ts'

const PROMPTS = 'positive negative token_normalization weight_interpretation'
const SIZE = 'empty_latent_width empty_latent_height batch_size'

/** Efficiency Nodes: the editor puts a button behind their seeds, whose value is null. */
export const EFFICIENCY_ORDERS: WidgetOrders = {
  'Efficient Loader': `ckpt_name vae_name clip_skip lora_name lora_model_strength lora_clip_strength ${PROMPTS} ${SIZE}`,
  'Eff. Loader SDXL':
    'base_ckpt_name base_clip_skip refiner_ckpt_name refiner_clip_skip positive_ascore negative_ascore vae_name ' +
    `${PROMPTS} ${SIZE}`,
  'KSampler (Efficient)': 'seed steps cfg sampler_name scheduler denoise preview_method vae_decode',
  'KSampler Adv. (Efficient)':
    'add_noise noise_seed steps cfg sampler_name scheduler start_at_step end_at_step return_with_leftover_noise ' +
    'preview_method vae_decode',
  'KSampler SDXL (Eff.)':
    'noise_seed steps cfg sampler_name scheduler start_at_step refine_at_step preview_method vae_decode',
  'HighRes-Fix Script':
    'upscale_type hires_ckpt_name latent_upscaler pixel_upscaler upscale_by use_same_seed seed hires_steps denoise ' +
    'iterations use_controlnet control_net_name strength preprocessor preprocessor_imgs',
  'Tiled Upscaler Script':
    'upscale_by tile_size tiling_strategy tiling_steps seed denoise use_controlnet tile_controlnet strength',
  'AnimateDiff Script': 'motion_model',
  'LoRA Stacker': `input_mode lora_count ${numbered(
    49,
    (n) => `lora_name_${n} lora_wt_${n} model_str_${n} clip_str_${n}`,
  )}`,
}
