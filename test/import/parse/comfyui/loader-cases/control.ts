import { type Row, same } from './row.ts'

export const CONTROL: readonly Row[] = [
  ...same(
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
    { control_net_name: 'lines.pth', strength: 0 },
    ['controlnet lines.pth'],
  ),
  ['easy controlnetNames', { controlnet_name: 'lines.pth' }, ['controlnet lines.pth']],
  [
    'CR Multi-ControlNet Stack',
    { switch_1: 'On', controlnet_1: 'a.pth', switch_2: 'Off', controlnet_2: 'b.pth', controlnet_3: 'None' },
    ['controlnet a.pth', 'controlnet b.pth (off)'],
  ],
  [
    'easy controlnetStack',
    { toggle: true, num_controlnet: 1, controlnet_1: 'a.pth', controlnet_2: 'b.pth' },
    ['controlnet a.pth', 'controlnet b.pth (off)'],
  ],
  ['easy controlnetStack', { toggle: false, num_controlnet: 1, controlnet_1: 'a.pth' }, ['controlnet a.pth (off)']],
  ...same(['WanVideoControlnetLoader', 'WanVideoUni3C_ControlnetLoader'], { model: 'uni3c.safetensors' }, [
    'controlnet uni3c.safetensors',
  ]),
  ['ModelPatchLoader', { name: 'patch.safetensors' }, ['controlnet patch.safetensors in model_patches']],
  ['UpscaleModelLoader', { model_name: '4x-mist.pth' }, ['upscaler 4x-mist.pth']],
  [
    'UpscaleModelLoader',
    { model_name: 'urn:air:other:upscaler:civitai:147759@164821' },
    ['upscaler urn:air:other:upscaler:civitai:147759@164821'],
  ],
  ['UpscaleModelLoader|Mist', { model_name: '4x-mist.pth' }, ['upscaler 4x-mist.pth']],
  ...same(['LatentUpscaleModelLoader', 'LowVRAMLatentUpscaleModelLoader'], { model_name: 'up.safetensors' }, [
    'upscaler up.safetensors in latent_upscale_models',
  ]),
  ['StyleModelLoader', { style_model_name: 'redux.safetensors' }, ['style_model redux.safetensors']],
  ['GLIGENLoader', { gligen_name: 'g.safetensors' }, ['other g.safetensors in gligen']],
  ['HypernetworkLoader', { hypernetwork_name: 'h.pt', strength: 0.5 }, ['hypernetwork h.pt 0.5']],
  ['IPAdapterModelLoader', { ipadapter_file: 'plus.bin' }, ['ipadapter plus.bin']],
  [
    'IPAdapterInsightFaceLoader',
    { provider: 'CPU', model_name: 'buffalo_l' },
    ['other buffalo_l (optional) in insightface'],
  ],
  ['InstantIDModelLoader', { instantid_file: 'id.bin' }, ['ipadapter id.bin in instantid']],
  ...same(['PulidModelLoader', 'PulidFluxModelLoader'], { pulid_file: 'p.bin' }, ['ipadapter p.bin in pulid']),
  ['PhotoMakerLoader', { photomaker_model_name: 'pm.bin' }, ['other pm.bin in photomaker']],
  ...same(
    [
      'ADE_LoadAnimateDiffModel',
      'ADE_AnimateDiffLoaderGen1',
      'ADE_AnimateDiffLoaderWithContext',
      'ADE_AnimateDiffLoaderV1Advanced',
      'AnimateDiffLoaderV1',
      'ADE_LoadAnimateLCMI2VModel',
    ],
    { model_name: 'mm.ckpt' },
    ['motion_module mm.ckpt'],
  ),
  [
    'ADE_AnimateDiffLoRALoader',
    { name: 'zoom.ckpt', strength: 0.5 },
    ['motion_module zoom.ckpt 0.5 in animatediff_motion_lora'],
  ],
  [
    'ADE_AnimateDiffLoRALoader',
    { lora_name: 'zoom.ckpt', strength: 0 },
    ['motion_module zoom.ckpt 0 (off) in animatediff_motion_lora'],
  ],
]
