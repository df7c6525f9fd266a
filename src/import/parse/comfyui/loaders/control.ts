import { type LoaderRow, loads, type ModelInput, model, slots } from './loader.ts'

/** Loaders of what steers or improves a picture: ControlNets, IP-Adapters, styles, motion, upscalers. */

const controlnet = model('controlnet', 'control_net_name')
const motion = model('motion_module', 'model_name')

const controlnetStack = (number: number): ModelInput =>
  model('controlnet', `controlnet_${number}`, {
    switches: [
      { input: `switch_${number}`, off: ['Off', 'off', false] },
      { input: 'toggle', off: [false, 'False'] },
      { input: 'num_controlnet', below: number },
    ],
  })

/** The older name of its input was `lora_name`. */
const motionLora = (input: string): ModelInput =>
  model('motion_module', input, { folder: 'animatediff_motion_lora', strengths: ['strength'] })

export const CONTROL: readonly LoaderRow[] = [
  [
    [
      'ControlNetLoader',
      'DiffControlNetLoader',
      'ControlNetLoaderAdvanced',
      'DiffControlNetLoaderAdvanced',
      'Load Advanced ControlNet Model',
      'easy controlnetLoader',
      'easy controlnetLoaderADV',
      'easy controlnetLoader++',
      'Control Net Stacker',
    ],
    loads(controlnet),
  ],
  [['easy controlnetNames'], loads(model('controlnet', 'controlnet_name'))],
  [['CR Multi-ControlNet Stack', 'easy controlnetStack'], loads(...slots(1, 3, controlnetStack))],
  [['WanVideoControlnetLoader', 'WanVideoUni3C_ControlnetLoader'], loads(model('controlnet', 'model'))],
  [['ModelPatchLoader'], loads(model('controlnet', 'name', { folder: 'model_patches' }))],
  [['UpscaleModelLoader'], loads(model('upscaler', 'model_name'))],
  [
    ['LatentUpscaleModelLoader', 'LowVRAMLatentUpscaleModelLoader'],
    loads(model('upscaler', 'model_name', { folder: 'latent_upscale_models' })),
  ],
  [['StyleModelLoader'], loads(model('style_model', 'style_model_name'))],
  [['GLIGENLoader'], loads(model('other', 'gligen_name', { folder: 'gligen' }))],
  [['HypernetworkLoader'], loads(model('hypernetwork', 'hypernetwork_name', { strengths: ['strength'] }))],
  [['IPAdapterModelLoader'], loads(model('ipadapter', 'ipadapter_file'))],
  [['IPAdapterInsightFaceLoader'], loads(model('other', 'model_name', { folder: 'insightface', fetched: true }))],
  [['InstantIDModelLoader'], loads(model('ipadapter', 'instantid_file', { folder: 'instantid' }))],
  [['PulidModelLoader', 'PulidFluxModelLoader'], loads(model('ipadapter', 'pulid_file', { folder: 'pulid' }))],
  [['PhotoMakerLoader'], loads(model('other', 'photomaker_model_name', { folder: 'photomaker' }))],
  [
    [
      'ADE_LoadAnimateDiffModel',
      'ADE_AnimateDiffLoaderGen1',
      'ADE_AnimateDiffLoaderWithContext',
      'ADE_AnimateDiffLoaderV1Advanced',
      'AnimateDiffLoaderV1',
      'ADE_LoadAnimateLCMI2VModel',
    ],
    loads(motion),
  ],
  [['ADE_AnimateDiffLoRALoader'], loads(motionLora('name'), motionLora('lora_name'))],
]
