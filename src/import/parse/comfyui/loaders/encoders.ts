import { type LoaderRow, loads, model, slots } from './loader.ts'

/** Loaders of text encoders, CLIP vision models and VAEs. */

const numbered = (count: number) => loads(...slots(1, count, (number) => model('text_encoder', `clip_name${number}`)))

export const ENCODERS: readonly LoaderRow[] = [
  [['CLIPLoader', 'CLIPLoaderGGUF'], loads(model('text_encoder', 'clip_name'))],
  [['DualCLIPLoader', 'DualCLIPLoaderGGUF'], numbered(2)],
  [['TripleCLIPLoader', 'TripleCLIPLoaderGGUF'], numbered(3)],
  [['QuadrupleCLIPLoader', 'QuadrupleCLIPLoaderGGUF'], numbered(4)],
  [
    ['LoadWanVideoT5TextEncoder', 'LoadWanVideoClipTextEncoder', 'WanVideoTextEncodeCached'],
    loads(model('text_encoder', 'model_name')),
  ],
  [['MZ_ChatGLM3Loader', 'MZ_ChatGLM3'], loads(model('text_encoder', 'chatglm3_checkpoint', { folder: 'LLM' }))],
  [
    ['NunchakuTextEncoderLoader', 'NunchakuTextEncoderLoaderV2'],
    loads(
      model('text_encoder', 'text_encoder1'),
      model('text_encoder', 'text_encoder2'),
      model('text_encoder', 'int4_model', { switches: [{ input: 'use_4bit_t5', off: ['disable'] }] }),
    ),
  ],
  [['LTXAVTextEncoderLoader'], loads(model('text_encoder', 'text_encoder'), model('checkpoint', 'ckpt_name'))],
  [['LTXVGemmaCLIPModelLoader'], loads(model('text_encoder', 'gemma_path'), model('checkpoint', 'ltxv_path'))],
  [['CLIPVisionLoader'], loads(model('clip_vision', 'clip_name'))],
  [['VAELoader', 'VAELoaderKJ', 'VaeGGUF'], loads(model('vae', 'vae_name'))],
  [['WanVideoVAELoader', 'HyVideoVAELoader'], loads(model('vae', 'model_name'))],
  [['WanVideoTinyVAELoader'], loads(model('vae', 'model_name', { folder: 'vae_approx' }))],
  [['AudioEncoderLoader'], loads(model('other', 'audio_encoder_name', { folder: 'audio_encoders' }))],
]
