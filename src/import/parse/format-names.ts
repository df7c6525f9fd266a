/**
 * Names that `format` may take besides `auto`, in the order of PARSERS. They stand apart from the parsers, which run in
 * threads: whoever only names formats does without loading them.
 */
export const FORMATS = [
  'swarmui',
  'comfyui',
  'invokeai',
  'stabilitymatrix',
  'tensorart',
  'novelai',
  'fooocus',
  'fooocus_mre',
  'ruinedfooocus',
  'easydiffusion',
  'drawthings',
  'civitai',
  'lora_manager',
  'huggingface_space',
  'a1111',
  'air',
] as const
export type Format = (typeof FORMATS)[number]
