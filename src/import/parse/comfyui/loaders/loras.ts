import { type LoaderRow, loads, type ModelInput, model, type NodeLoader, slots } from './loader.ts'

/** Loaders and stacks of LoRAs. Slots of objects and lists of LoRAs are read in any class: see read-slots.ts. */

const lora = (input: string, ...strengths: readonly string[]): ModelInput => model('lora', input, { strengths })
const onModel = lora('lora_name', 'strength_model')
const onBoth = lora('lora_name', 'strength_model', 'strength_clip')
const plain = lora('lora_name', 'strength')
const ON = (input: string) => ({ input, off: ['Off', 'off', false] })
const TOGGLE = { input: 'toggle', off: [false, 'False'] }

const twoDigits = (number: number): string => String(number).padStart(2, '0')

/** Easy-Use and what copies it: one strength each, or two in the advanced mode. */
const easyStack = (name: (number: number) => string): NodeLoader =>
  loads(
    ...slots(1, 10, (number) => ({
      ...lora(name(number), `lora_${number}_strength`),
      advanced: {
        input: 'mode',
        strengths: [`lora_${number}_model_strength`, `lora_${number}_clip_strength`],
      },
      switches: [TOGGLE, { input: 'num_loras', below: number }],
    })),
  )

const crStack = loads(
  ...slots(1, 3, (number) => ({
    ...lora(`lora_name_${number}`, `model_weight_${number}`, `clip_weight_${number}`),
    switches: [ON(`switch_${number}`)],
  })),
)

const efficientStack = loads(
  ...slots(1, 50, (number) => ({
    ...lora(`lora_name_${number}`, `lora_wt_${number}`),
    advanced: { input: 'input_mode', strengths: [`model_str_${number}`, `clip_str_${number}`] },
    switches: [{ input: 'lora_count', below: number }],
  })),
)

const LOADED = [
  { input: 'opt_model', wired: true },
  { input: 'opt_clip', wired: true },
  { input: 'insert_lora', off: ['DISABLE LORAS'] },
] as const

/** LoRA Manager keeps a list, and a text that repeats it. */
const manager: NodeLoader = { models: [], tags: { inputs: ['text', 'lora_syntax'], unless: 'loras' } }

export const LORAS: readonly LoaderRow[] = [
  [['LoraLoader', 'CreateHookLora', 'LoraLoaderVanilla', 'Lora Loader', 'Load Lora'], loads(onBoth)],
  [
    ['LoraLoaderModelOnly', 'CreateHookLoraModelOnly', 'LTXVQ8LoraModelLoader', 'LoraLoaderBypassModelOnly'],
    loads(onModel),
  ],
  [['LoraLoaderBlockWeight //Inspire'], loads({ ...onBoth, switches: [{ input: 'bypass', off: [true] }] })],
  [['CR Load LoRA'], loads({ ...onBoth, switches: [ON('switch')] })],
  [['CR LoRA Stack', 'CR Random LoRA Stack'], crStack],
  [['CR Random Weight LoRA'], loads({ ...lora('lora_name', 'weight_max'), switches: [ON('switch')] })],
  [['LoRA Stacker'], efficientStack],
  [['easy loraStack'], easyStack((number) => `lora_${number}_name`)],
  [['LoadLoraFromUrlOrPath'], easyStack((number) => `lora_${number}_url`)],
  [
    ['Lora Loader Stack (rgthree)'],
    loads(...slots(1, 4, (number) => lora(`lora_${twoDigits(number)}`, `strength_${twoDigits(number)}`))),
  ],
  [
    ['Power Prompt (rgthree)', 'SDXL Power Prompt - Positive (rgthree)'],
    { models: [], tags: { inputs: ['prompt', 'prompt_g', 'prompt_l'], switches: LOADED } },
  ],
  [
    [
      'Lora Loader (LoraManager)',
      'LoraLoaderLM',
      'Lora Stacker (LoraManager)',
      'LoraStackerLM',
      'LoRA Text Loader (LoraManager)',
      'LoraTextLoaderLM',
      'WanVideo Lora Select (LoraManager)',
      'WanVideoLoraSelectLM',
      'WanVideo Lora Select From Text (LoraManager)',
      'WanVideoLoraSelectFromText',
      'Create Hook LoRA (LoraManager)',
    ],
    manager,
  ],
  [['WanVideoLoraSelect', 'HyVideoLoraSelect'], loads(lora('lora', 'strength'))],
  [['WanVideoLoraSelectByName', 'HunyuanVideoLoraLoader'], loads(plain)],
  [['WanVideoLoraSelectMulti'], loads(...slots(0, 4, (number) => lora(`lora_${number}`, `strength_${number}`)))],
  [['NunchakuFluxLoraLoader', 'NunchakuQwenImageLoraLoader'], loads(lora('lora_name', 'lora_strength'))],
  [
    ['NunchakuFluxLoraStack'],
    loads(...slots(1, 15, (number) => lora(`lora_name_${number}`, `lora_strength_${number}`))),
  ],
  [['SwarmLoraLoader'], { models: [], lists: { names: 'lora_names', weights: 'lora_weights' } }],
  [['ImpactWildcardEncode', 'WildcardEncode //Inspire'], { models: [], tags: { inputs: ['populated_text'] } }],
  [['LoraTagLoader', 'Load LoRA Tag'], { models: [], tags: { inputs: ['text'] } }],
  [['CivitaiLoraLoader'], loads(lora('air', 'strength'))],
  [['TrainLoraNode'], loads(model('lora', 'existing_lora'))],
]
