import { alike, numbered, type WidgetOrders } from './order.ts'

const BOTH = 'lora_name strength_model strength_clip'

/** Packs with loaders and stacks of LoRAs, by name or in texts. */
export const LORA_ORDERS: WidgetOrders = {
  'CR LoRA Stack': numbered(3, (n) => `switch_${n} lora_name_${n} model_weight_${n} clip_weight_${n}`),
  'CR Random LoRA Stack': `exclusive_mode stride force_randomize_after_stride ${numbered(
    3,
    (n) => `lora_name_${n} switch_${n} chance_${n} model_weight_${n} clip_weight_${n}`,
  )}`,
  'CR Random Weight LoRA': 'stride force_randomize_after_stride lora_name switch weight_min weight_max clip_weight',
  'CR Load LoRA': `switch ${BOTH}`,
  'Lora Loader Stack (rgthree)': numbered(4, (n) => `lora_0${n} strength_0${n}`),
  'Power Lora Loader (rgthree)': '',
  ...alike(
    'prompt insert_lora insert_embedding insert_saved',
    'Power Prompt (rgthree)',
    'Power Prompt - Simple (rgthree)',
  ),
  'SDXL Power Prompt - Positive (rgthree)':
    'prompt_g prompt_l insert_lora insert_embedding insert_saved target_width target_height crop_width crop_height',
  'SDXL Power Prompt - Simple / Negative (rgthree)': 'prompt_g prompt_l',
  'Seed (rgthree)': 'seed',
  // LoRA Manager: the list of LoRAs has a name of its own
  ...alike(
    'text',
    'Lora Loader (LoraManager)',
    'LoraLoaderLM',
    'Lora Stacker (LoraManager)',
    'LoraStackerLM',
    'Create Hook LoRA (LoraManager)',
    'LoraTagLoader',
    'Load LoRA Tag',
  ),
  ...alike('lora_syntax', 'LoRA Text Loader (LoraManager)', 'LoraTextLoaderLM'),
  ...alike(
    ['low_mem_load merge_loras text', 'low_mem_load text', 'text'],
    'WanVideo Lora Select (LoraManager)',
    'WanVideoLoraSelectLM',
  ),
  ...alike(
    ['low_mem_load merge_lora lora_syntax', 'low_mem_load lora_syntax', 'lora_syntax'],
    'WanVideo Lora Select From Text (LoraManager)',
    'WanVideoLoraSelectFromText',
  ),
  ImpactWildcardEncode: 'wildcard_text populated_text mode',
  ImpactWildcardProcessor: 'wildcard_text populated_text mode',
  'WildcardEncode //Inspire': [
    'token_normalization weight_interpretation wildcard_text populated_text mode',
    'wildcard_text populated_text mode',
  ],
  'LoraLoaderBlockWeight //Inspire': [
    `category_filter ${BOTH} inverse seed A B preset block_vector bypass`,
    `${BOTH} inverse seed A B preset block_vector bypass`,
    `${BOTH} inverse preset block_vector`,
  ],
  ...alike(`${BOTH} force_fetch append_loraname_if_empty`, 'LoraLoaderVanilla'),
  ...alike(BOTH, 'Lora Loader', 'LoraLoader|pysssss'),
  LTXVQ8LoraModelLoader: 'lora_name strength_model',
  HunyuanVideoLoraLoader: 'lora_name strength blocks_type',
  ...alike('lora strength', 'WanVideoLoraSelect', 'HyVideoLoraSelect'),
  WanVideoLoraSelectByName: 'lora_name strength low_mem_load merge_loras',
  WanVideoLoraSelectMulti: numbered(5, (n) => `lora_${n} strength_${n}`, 0),
  ...alike('lora_name lora_strength', 'NunchakuFluxLoraLoader', 'NunchakuQwenImageLoraLoader'),
  NunchakuFluxLoraStack: [
    numbered(15, (n) => `lora_name_${n} lora_strength_${n}`),
    `lora_count ${numbered(15, (n) => `lora_name_${n} lora_strength_${n}`)}`,
  ],
  SwarmLoraLoader: 'lora_names lora_weights',
  CivitaiModelSelector: ['air resources_json', 'air'],
  CivitaiLoraLoader: ['air strength', 'loras_json'],
}
