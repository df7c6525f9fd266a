import { type Row, same } from './row.ts'

export const ENCODERS: readonly Row[] = [
  ...same(['CLIPLoader', 'CLIPLoaderGGUF'], { clip_name: 't5.gguf', type: 'wan' }, ['text_encoder t5.gguf']),
  ...same(['DualCLIPLoader', 'DualCLIPLoaderGGUF'], { clip_name1: 'l.pt', clip_name2: 't5.pt', type: 'flux' }, [
    'text_encoder l.pt',
    'text_encoder t5.pt',
  ]),
  ...same(
    ['TripleCLIPLoader', 'TripleCLIPLoaderGGUF'],
    { clip_name1: 'a.pt', clip_name2: 'b.pt', clip_name3: 'c.pt' },
    ['text_encoder a.pt', 'text_encoder b.pt', 'text_encoder c.pt'],
  ),
  ...same(
    ['QuadrupleCLIPLoader', 'QuadrupleCLIPLoaderGGUF'],
    { clip_name1: 'a.pt', clip_name2: 'b.pt', clip_name3: 'c.pt', clip_name4: 'd.pt' },
    ['text_encoder a.pt', 'text_encoder b.pt', 'text_encoder c.pt', 'text_encoder d.pt'],
  ),
  ...same(
    ['LoadWanVideoT5TextEncoder', 'LoadWanVideoClipTextEncoder', 'WanVideoTextEncodeCached'],
    { model_name: 'umt5.safetensors', precision: 'bf16' },
    ['text_encoder umt5.safetensors'],
  ),
  ...same(['MZ_ChatGLM3Loader', 'MZ_ChatGLM3'], { chatglm3_checkpoint: 'glm.safetensors' }, [
    'text_encoder glm.safetensors in LLM',
  ]),
  ...same(
    ['NunchakuTextEncoderLoader', 'NunchakuTextEncoderLoaderV2'],
    { text_encoder1: 'l.pt', text_encoder2: 't5.pt', use_4bit_t5: 'disable', int4_model: 'awq-t5' },
    ['text_encoder l.pt', 'text_encoder t5.pt', 'text_encoder awq-t5 (off)'],
  ),
  [
    'LTXAVTextEncoderLoader',
    { text_encoder: 'gemma.safetensors', ckpt_name: 'ltx.safetensors' },
    ['text_encoder gemma.safetensors', 'checkpoint ltx.safetensors'],
  ],
  [
    'LTXVGemmaCLIPModelLoader',
    { gemma_path: 'gemma.safetensors', ltxv_path: 'ltx.safetensors' },
    ['text_encoder gemma.safetensors', 'checkpoint ltx.safetensors'],
  ],
  ['CLIPVisionLoader', { clip_name: 'sig.safetensors' }, ['clip_vision sig.safetensors']],
  ...same(['VAELoader', 'VAELoaderKJ', 'VaeGGUF'], { vae_name: 'ae.safetensors' }, ['vae ae.safetensors']),
  ...['taesd', 'taesdxl', 'taesd3', 'taef1'].map(
    (name): Row => [
      'VAELoader',
      { vae_name: name },
      [`vae ${name} (skipped)`, `vae ${name}_encoder.pth in vae_approx`, `vae ${name}_decoder.pth in vae_approx`],
    ],
  ),
  ['VAELoader', { vae_name: 'pixel_space' }, ['vae pixel_space (skipped)']],
  ...same(['WanVideoVAELoader', 'HyVideoVAELoader'], { model_name: 'wan_vae.pth' }, ['vae wan_vae.pth']),
  ['WanVideoTinyVAELoader', { model_name: 'taew.safetensors' }, ['vae taew.safetensors in vae_approx']],
  ['AudioEncoderLoader', { audio_encoder_name: 'wav.pt' }, ['other wav.pt in audio_encoders']],
]
