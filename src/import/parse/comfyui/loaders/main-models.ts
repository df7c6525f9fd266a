import { type LoaderRow, loads, type ModelInput, model, type NodeLoader } from './loader.ts'

/** Loaders of checkpoints and of diffusion models without text encoders. */

const checkpoint = model('checkpoint', 'ckpt_name')
const vae = model('vae', 'vae_name')
const unet = model('diffusion_model', 'unet_name')
const named = model('diffusion_model', 'model_name')
const lora = model('lora', 'lora_name', { strengths: ['lora_model_strength', 'lora_clip_strength'] })

/** Easy-Use's loaders take LoRAs from the prompts as well. */
const easy = (...models: readonly ModelInput[]): NodeLoader => ({ models, tags: { inputs: ['positive', 'negative'] } })

const LATENT_ONLY = { input: 'upscale_type', off: ['latent'] }
const PIXEL_ONLY = { input: 'upscale_type', off: ['pixel'] }
const USE_CONTROLNET = { input: 'use_controlnet', off: [false, 'False', 'false'] }

export const MAIN_MODELS: readonly LoaderRow[] = [
  [
    [
      'CheckpointLoaderSimple',
      'CheckpointLoader',
      'unCLIPCheckpointLoader',
      'ImageOnlyCheckpointLoader',
      'CheckpointLoaderKJ',
      'CheckpointLoaderLM',
      'Checkpoint Loader (LoraManager)',
      'CheckpointLoaderSimpleWithImages',
      'CheckpointLoaderSimpleShared //Inspire',
      'Checkpoint Loader with Name (Image Saver)',
      'CheckpointLoaderNF4',
      'Checkpoint Selector',
      'Checkpoint Loader',
      'Checkpoint Loader (Simple)',
      'LowVRAMCheckpointLoader',
      'LTXVAudioVAELoader',
      'LTXVLoader',
      'ECHOCheckpointLoaderSimple',
    ],
    loads(checkpoint),
  ],
  [
    ['CreateHookModelAsLora', 'CreateHookModelAsLoraModelOnly'],
    loads(model('checkpoint', 'ckpt_name', { strengths: ['strength_model', 'strength_clip'] })),
  ],
  [['Efficient Loader'], loads(checkpoint, vae, lora)],
  [['Eff. Loader SDXL'], loads(model('checkpoint', 'base_ckpt_name'), model('checkpoint', 'refiner_ckpt_name'), vae)],
  [
    ['HighRes-Fix Script'],
    loads(
      model('checkpoint', 'hires_ckpt_name', { switches: [PIXEL_ONLY] }),
      model('upscaler', 'pixel_upscaler', { switches: [LATENT_ONLY] }),
      model('controlnet', 'control_net_name', { switches: [USE_CONTROLNET] }),
    ),
  ],
  [['Tiled Upscaler Script'], loads(model('controlnet', 'tile_controlnet', { switches: [USE_CONTROLNET] }))],
  [['AnimateDiff Script'], loads(model('motion_module', 'motion_model'))],
  [
    [
      'easy a1111Loader',
      'easy fullLoader',
      'easy comfyLoader',
      'easy fluxLoader',
      'easy hunyuanDiTLoader',
      'easy mochiLoader',
      'easy svdLoader',
      'easy sv3dLoader',
      'easy zero123Loader',
    ],
    easy(checkpoint, vae, lora),
  ],
  [['easy kolorsLoader'], easy(unet, vae, model('text_encoder', 'chatglm3_name', { folder: 'LLM' }), lora)],
  [
    ['easy cascadeLoader'],
    easy(
      model('diffusion_model', 'stage_c'),
      model('diffusion_model', 'stage_b'),
      model('vae', 'stage_a'),
      model('text_encoder', 'clip_name'),
      lora,
    ),
  ],
  [
    ['UNETLoader', 'UNETLoaderLM', 'Unet Loader (LoraManager)', 'UnetLoaderGGUF', 'UnetLoaderGGUFAdvanced'],
    loads(unet),
  ],
  [['MZ_KolorsUNETLoader', 'MZ_KolorsUNETLoaderV2'], loads(unet)],
  [['TensorRTLoader'], loads(model('diffusion_model', 'unet_name', { folder: 'tensorrt' }))],
  [['LoaderGGUF', 'LoaderGGUFAdvanced'], loads(model('diffusion_model', 'gguf_name'))],
  [
    ['DiffusionModelLoaderKJ', 'DiffusionModelSelector', 'GGUFLoaderKJ'],
    loads(named, model('diffusion_model', 'extra_model_name')),
  ],
  [['NunchakuFluxDiTLoader'], loads(model('diffusion_model', 'model_path'))],
  [['NunchakuQwenImageDiTLoader', 'NunchakuZImageDiTLoader'], loads(named)],
  [['DiffusersLoader'], loads(model('checkpoint', 'model_path', { folder: 'diffusers' }))],
  [
    [
      'WanVideoModelLoader',
      'HyVideoModelLoader',
      'FantasyTalkingModelLoader',
      'MultiTalkModelLoader',
      'LoadFramePackModel',
    ],
    loads(model('diffusion_model', 'model')),
  ],
  [['WanVideoVACEModelSelect'], loads(model('diffusion_model', 'vace_model'))],
  [['WanVideoExtraModelSelect'], loads(model('diffusion_model', 'extra_model'))],
]
