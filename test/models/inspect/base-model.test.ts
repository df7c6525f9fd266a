import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { guessBaseModel } from '../../../src/models/inspect/base-model/base-model.ts'
import type { Sidecar } from '../../../src/models/inspect/sidecars/sidecar.ts'

type Shapes = Readonly<Record<string, readonly number[]>>

interface Case {
  readonly filename?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly tensors?: Shapes
  readonly sidecars?: readonly Sidecar[]
}

const guess = ({ filename = 'model.safetensors', metadata = {}, tensors = {}, sidecars = [] }: Case) =>
  guessBaseModel({
    filename,
    metadata,
    tensors: new Map(Object.entries(tensors).map(([name, shape]) => [name, { shape }])),
    sidecars,
  })

const prefixed = (prefix: string, shapes: Shapes): Shapes =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, shape]))

const TO_K = 'transformer_blocks.0.attn2.to_k.weight'
const SD = (width: number): Shapes => ({
  'input_blocks.0.0.weight': [320, 4, 3, 3],
  [`input_blocks.1.1.${TO_K}`]: [320, width],
})
const SDXL: Shapes = {
  'input_blocks.0.0.weight': [320, 4, 3, 3],
  'label_emb.0.0.weight': [1280, 2816],
  'input_blocks.8.1.transformer_blocks.9.attn2.to_k.weight': [1280, 2048],
}
const FLUX: Shapes = {
  'double_blocks.0.img_attn.norm.key_norm.scale': [128],
  'img_in.weight': [3072, 64],
  'vector_in.in_layer.weight': [3072, 768],
}
const FLUX_DEV: Shapes = { ...FLUX, 'guidance_in.in_layer.weight': [3072, 256] }
const FLUX2 = (width: number): Shapes => ({
  'double_blocks.0.img_attn.norm.key_norm.scale': [128],
  'double_stream_modulation_img.lin.weight': [3 * width, width],
  'img_in.weight': [width, 128],
})
const WAN = (width: number, channels: number, pictures = false): Shapes => ({
  'head.modulation': [1, 2, width],
  'blocks.0.cross_attn.k.bias': [width],
  'patch_embedding.weight': [width, channels, 1, 2, 2],
  ...(pictures ? { 'blocks.0.cross_attn.k_img.bias': [width] } : {}),
})
const SD3 = (width: number, extra: Shapes = {}): Shapes => ({
  'joint_blocks.0.context_block.attn.qkv.weight': [3 * width, width],
  'x_embedder.proj.weight': [width, 16, 2, 2],
  ...extra,
})
const LUMINA = (width: number, extra: Shapes = {}): Shapes => ({
  'cap_embedder.1.weight': [width, 2560],
  'noise_refiner.0.attention.k_norm.weight': [128],
  ...extra,
})
const LTX: Shapes = { 'adaln_single.emb.timestep_embedder.linear_1.bias': [2048] }

describe('checkpoints and diffusion models by their tensors', () => {
  test.each<[string, string | undefined, Shapes, string?]>([
    ['SD 1.5', 'SD 1.5', SD(768)],
    ['SD 2', 'SD 2.1', SD(1024)],
    ['SD 2.0 by name', 'SD 2.0', SD(1024), 'sd-2.0-base.safetensors'],
    ['SD 2.1 768 by name', 'SD 2.1 768', SD(1024), 'v2-1_768-ema.safetensors'],
    ['SDXL', 'SDXL 1.0', SDXL],
    ['SSD-1B', 'SDXL Distilled', { ...SD(2048), 'label_emb.0.0.weight': [1280, 2816] }],
    ['Kolors', 'Kolors', { ...SDXL, 'label_emb.0.0.weight': [1280, 5632] }],
    ['SVD', 'SVD', { ...SD(1024), 'input_blocks.1.0.time_stack.emb_layers.1.bias': [320] }],
    [
      'a U-Net of diffusers',
      'SD 1.5',
      {
        'conv_in.weight': [320, 4, 3, 3],
        'time_embedding.linear_1.weight': [1280, 320],
        [`down_blocks.0.attentions.0.${TO_K}`]: [320, 768],
      },
    ],
    [
      'SDXL of diffusers',
      'SDXL 1.0',
      {
        'conv_in.weight': [320, 4, 3, 3],
        'time_embedding.linear_1.weight': [1280, 320],
        'add_embedding.linear_1.weight': [1280, 2816],
      },
    ],
    ['SD 3', 'SD 3', SD3(1536)],
    ['SD 3.5 Medium', 'SD 3.5 Medium', SD3(1536, { 'joint_blocks.0.x_block.attn2.qkv.weight': [4608, 1536] })],
    ['SD 3.5 Large', 'SD 3.5 Large', SD3(2432)],
    ['SD 3.5 Large Turbo', 'SD 3.5 Large Turbo', SD3(2432), 'sd3.5_large_turbo.safetensors'],
    ['Flux dev', 'Flux.1 D', FLUX_DEV],
    ['Flux schnell', 'Flux.1 S', FLUX],
    ['Flux Kontext', 'Flux.1 Kontext', FLUX_DEV, 'flux1-dev-kontext_fp8.safetensors'],
    ['Flux Krea', 'Flux.1 Krea', FLUX_DEV, 'flux1-krea-dev.safetensors'],
    [
      'Flux of diffusers',
      'Flux.1 D',
      {
        'single_transformer_blocks.0.attn.norm_k.weight': [128],
        'x_embedder.weight': [3072, 64],
        'context_embedder.weight': [3072, 4096],
        'time_text_embed.text_embedder.linear_1.weight': [3072, 768],
        'time_text_embed.guidance_embedder.linear_1.weight': [3072, 256],
      },
    ],
    [
      'a descendant of Flux',
      undefined,
      { 'double_blocks.0.img_attn.norm.key_norm.scale': [128], 'img_in.weight': [3072, 64] },
    ],
    ['Flux.2', 'Flux.2 D', FLUX2(6144)],
    ['Flux.2 Klein', 'Flux.2 Klein 4B', FLUX2(3072), 'flux-2-klein-4b.safetensors'],
    ['Flux.2 Klein base', 'Flux.2 Klein 9B-base', FLUX2(4096), 'flux-2-klein-base-9b.safetensors'],
    ['Flux.2 Klein that may be either', undefined, FLUX2(4096)],
    ['Chroma', 'Chroma', { ...FLUX_DEV, 'distilled_guidance_layer.norms.0.scale': [5120] }],
    ['Wan 1.3B', 'Wan Video 1.3B t2v', WAN(1536, 16)],
    ['Wan 5B', 'Wan Video 2.2 TI2V-5B', WAN(3072, 48)],
    ['Wan 14B that may be 2.1 or 2.2', 'Wan Video', WAN(5120, 16)],
    ['Wan 2.1 14B', 'Wan Video 14B t2v', WAN(5120, 16), 'wan2.1_t2v_14B_fp16.safetensors'],
    ['Wan 2.2 14B', 'Wan Video 2.2 T2V-A14B', WAN(5120, 16), 'wan2.2_t2v_high_noise_14B.safetensors'],
    ['Wan 2.2 pictures', 'Wan Video 2.2 I2V-A14B', WAN(5120, 36)],
    ['Wan 2.1 pictures', 'Wan Video 14B i2v 480p', WAN(5120, 36, true), 'wan2.1_i2v_480p_14B.safetensors'],
    ['Wan 2.1 pictures of either size', 'Wan Video', WAN(5120, 36, true)],
    [
      'Qwen-Image',
      'Qwen',
      {
        'txt_norm.weight': [3584],
        'img_in.weight': [3072, 64],
        'transformer_blocks.0.img_mod.1.weight': [18432, 3072],
      },
    ],
    ['Hunyuan Video', 'Hunyuan Video', { 'txt_in.individual_token_refiner.blocks.0.norm1.weight': [3072] }],
    [
      'Hunyuan Image',
      undefined,
      { 'txt_in.individual_token_refiner.blocks.0.norm1.weight': [3072], 'byt5_in.fc1.weight': [2048, 1472] },
    ],
    ['Hunyuan DiT', 'Hunyuan 1', { 'mlp_t5.0.weight': [8192, 2048] }],
    ['LTX', 'LTXV', LTX],
    ['LTX with sound that may be any', undefined, { ...LTX, 'audio_adaln_single.linear.weight': [1, 1] }],
    ['LTX 2', 'LTXV2', { ...LTX, 'audio_adaln_single.linear.weight': [1, 1] }, 'ltx-2-19b-dev.safetensors'],
    ['LTX 2.3', 'LTXV 2.3', { ...LTX, 'audio_adaln_single.linear.weight': [1, 1] }, 'ltx-2.3-22b-dev.safetensors'],
    ['LTX 2.5', undefined, { ...LTX, 'audio_adaln_single.linear.weight': [1, 1] }, 'ltx-2.5-22b-dev.safetensors'],
    ['Z-Image', 'ZImageTurbo', LUMINA(3840, { cap_pad_token: [1, 3840] }), 'z_image_turbo_bf16.safetensors'],
    ['Z-Image that may be either', undefined, LUMINA(3840, { cap_pad_token: [1, 3840] })],
    ['Lumina', 'Lumina', LUMINA(2304)],
    ['PixArt alpha', 'PixArt a', { 't_block.1.weight': [1], 'y_embedder.y_embedding': [120, 4096] }],
    ['PixArt sigma', 'PixArt E', { 't_block.1.weight': [1], 'y_embedder.y_embedding': [300, 4096] }],
    ['AuraFlow', 'AuraFlow', { 'double_layers.0.attn.w1q.weight': [3072, 3072] }],
    ['Stable Cascade C', 'Stable Cascade', { 'clf.1.weight': [16], 'clip_txt_mapper.weight': [2048, 1280] }],
    ['Stable Cascade B', 'Stable Cascade', { 'clf.1.weight': [4], 'clip_mapper.weight': [1280, 1280] }],
    ['Mochi', 'Mochi', { 't5_yproj.weight': [1536, 4096] }],
    [
      'CogVideoX',
      'CogVideoX',
      { 'transformer_blocks.0.norm1.linear.weight': [1], 'patch_embed.text_proj.weight': [1, 4096] },
    ],
    ['HiDream', 'HiDream', { 'caption_projection.0.linear.weight': [2560, 4096] }],
    ['Anima', 'Anima', { 'llm_adapter.embed.weight': [1, 1], 'blocks.0.self_attn.q_proj.weight': [1, 1] }],
    ['a VAE', undefined, { 'decoder.conv_in.weight': [512, 4, 3, 3], 'encoder.conv_in.weight': [128, 3, 3, 3] }],
    ['a text encoder', undefined, { 'text_model.encoder.layers.0.self_attn.q_proj.weight': [768, 768] }],
    ['nothing', undefined, {}],
  ])('%s', (...[, expected, tensors, filename]) => {
    const name = filename === undefined ? {} : { filename }
    expect(guess({ tensors, ...name })).toBe(expected as string)
    expect(guess({ tensors: prefixed('model.diffusion_model.', tensors), ...name })).toBe(expected as string)
  })

  test('ControlNets for U-Nets and textual inversions', () => {
    expect(guess({ tensors: prefixed('control_model.', SD(768)) })).toBe('SD 1.5')
    expect(guess({ tensors: { emb_params: [4, 768] } })).toBe('SD 1.5')
    expect(guess({ tensors: { '<fog>': [1, 1024] } })).toBe('SD 2.1')
    expect(guess({ tensors: { clip_g: [8, 1280], clip_l: [8, 768] } })).toBe('SDXL 1.0')
    expect(guess({ tensors: { weight: [8, 768] } })).toBeUndefined()
  })
})

/** The two halves of a LoRA for each layer: [name, what goes in, what comes out]. */
const lora = (
  layers: readonly (readonly [string, number, number?])[],
  down = '.lora_down.weight',
  up = '.lora_up.weight',
): Shapes =>
  Object.fromEntries(
    layers.flatMap(([name, inputs, outputs = inputs]) => [
      [`${name}${down}`, [16, inputs]],
      [`${name}${up}`, [outputs, 16]],
      [`${name}.alpha`, []],
    ]),
  )

const peft = (layers: readonly (readonly [string, number, number?])[]): Shapes =>
  lora(layers, '.lora_A.weight', '.lora_B.weight')

describe('LoRAs by their layers', () => {
  test.each<[string, string | undefined, Shapes, string?]>([
    [
      'SD 1.5 by kohya',
      'SD 1.5',
      lora([['lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k', 768]]),
    ],
    ['SD 2 by kohya', 'SD 2.1', lora([['lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k', 1024]])],
    ['SDXL by kohya', 'SDXL 1.0', lora([['lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k', 2048]])],
    [
      'SDXL by diffusers',
      'SDXL 1.0',
      lora(
        [['unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k', 2048]],
        '.lora.down.weight',
        '.lora.up.weight',
      ),
    ],
    ['SDXL without attn2', 'SDXL 1.0', lora([['lora_unet_input_blocks_8_1_transformer_blocks_9_ff_net_2', 5120]])],
    ['SDXL text encoder', 'SDXL 1.0', lora([['lora_te2_text_model_encoder_layers_0_mlp_fc1', 1280]])],
    ['SD 1.5 text encoder', 'SD 1.5', lora([['lora_te_text_model_encoder_layers_0_self_attn_q_proj', 768]])],
    [
      'LoHa',
      'SDXL 1.0',
      {
        'lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.hada_w1_a': [640, 8],
        'lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.hada_w1_b': [8, 2048],
      },
    ],
    [
      'LoKr',
      'SD 1.5',
      {
        'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lokr_w1': [8, 8],
        'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lokr_w2_b': [4, 96],
        'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lokr_w2_a': [40, 4],
      },
    ],
    [
      'Flux by kohya',
      'Flux.1 D',
      lora([
        ['lora_unet_double_blocks_0_img_attn_qkv', 3072, 9216],
        ['lora_unet_single_blocks_37_linear1', 3072, 21504],
      ]),
    ],
    [
      'Flux by ai-toolkit',
      'Flux.1 D',
      peft([
        ['transformer.single_transformer_blocks.0.attn.to_k', 3072],
        ['transformer.transformer_blocks.0.attn.add_k_proj', 3072],
      ]),
    ],
    [
      'Flux in the names of BFL',
      'Flux.1 D',
      peft([
        ['diffusion_model.double_blocks.0.img_attn.qkv', 3072, 9216],
        ['diffusion_model.double_blocks.0.img_mod.lin', 3072, 18432],
      ]),
    ],
    [
      'Flux Kontext',
      'Flux.1 Kontext',
      peft([['transformer.single_transformer_blocks.0.attn.to_k', 3072]]),
      'fog_kontext.safetensors',
    ],
    [
      'Chroma',
      'Chroma',
      lora([
        ['lora_unet_distilled_guidance_layer_layers_0_in_layer', 5120],
        ['lora_unet_double_blocks_0_img_attn_qkv', 3072],
      ]),
    ],
    ['Flux.2', 'Flux.2 D', peft([['diffusion_model.single_blocks.47.linear1', 6144, 55296]])],
    ['Flux.2 by diffusers', 'Flux.2 D', peft([['transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj', 6144]])],
    [
      'Flux.2 Klein',
      'Flux.2 Klein 4B',
      peft([['diffusion_model.single_blocks.0.linear1', 3072, 27648]]),
      'fog-klein-4b.safetensors',
    ],
    ['Flux.2 Klein that may be either', undefined, peft([['diffusion_model.single_blocks.0.linear1', 3072, 27648]])],
    [
      'Hunyuan Video by musubi',
      'Hunyuan Video',
      lora([
        ['lora_unet_double_blocks_19_img_attn_qkv', 3072],
        ['lora_unet_single_blocks_39_linear1', 3072],
      ]),
    ],
    ['Hunyuan Video by its own names', 'Hunyuan Video', peft([['transformer.double_blocks.0.img_attn_qkv', 3072]])],
    [
      'Hunyuan Video by diffusers',
      'Hunyuan Video',
      peft([['transformer.single_transformer_blocks.39.attn.to_q', 3072]]),
    ],
    ['Wan 1.3B', 'Wan Video 1.3B t2v', peft([['diffusion_model.blocks.0.cross_attn.k', 1536]])],
    ['Wan 5B', 'Wan Video 2.2 TI2V-5B', lora([['lora_unet_blocks_0_cross_attn_k', 3072]])],
    ['Wan 14B that may be any', 'Wan Video', peft([['diffusion_model.blocks.0.self_attn.q', 5120]])],
    [
      'Wan 2.2',
      'Wan Video 2.2 I2V-A14B',
      lora([['diffusion_model.blocks.0.cross_attn.k', 5120]]),
      'wan22-i2v-fog_high.safetensors',
    ],
    [
      'Wan 2.1 pictures',
      'Wan Video 14B i2v 720p',
      peft([
        ['diffusion_model.blocks.0.cross_attn.k_img', 5120],
        ['diffusion_model.blocks.0.cross_attn.k', 5120],
      ]),
      'fog_720p.safetensors',
    ],
    [
      'Qwen-Image',
      'Qwen',
      peft([
        ['transformer_blocks.0.attn.add_k_proj', 3072],
        ['transformer_blocks.0.img_mlp.net.0.proj', 3072],
      ]),
    ],
    [
      'Qwen-Image, attention alone',
      'Qwen',
      lora([['transformer_blocks.59.attn.add_k_proj', 3072]], '.lora_A.default.weight', '.lora_B.default.weight'),
    ],
    [
      'SD 3.5 Large',
      'SD 3.5 Large',
      peft([
        ['transformer.transformer_blocks.0.attn.to_k', 2432],
        ['transformer.transformer_blocks.0.attn.add_k_proj', 2432],
      ]),
    ],
    ['SD 3 that may be two', undefined, peft([['transformer.transformer_blocks.0.attn.to_k', 1536]])],
    ['SD 3.5 Medium by kohya', 'SD 3.5 Medium', lora([['lora_unet_joint_blocks_0_x_block_attn2_qkv', 1536]])],
    [
      'LTX',
      'LTXV',
      peft([
        ['diffusion_model.transformer_blocks.0.attn1.to_q', 2048],
        ['diffusion_model.transformer_blocks.0.attn2.to_k', 2048],
      ]),
    ],
    [
      'LTX that may be two',
      undefined,
      peft([
        ['diffusion_model.transformer_blocks.0.attn1.to_q', 4096],
        ['diffusion_model.transformer_blocks.0.attn2.to_k', 4096],
      ]),
    ],
    [
      'Z-Image',
      'ZImageTurbo',
      peft([['diffusion_model.layers.0.attention.qkv', 3840]]),
      'zimage_turbo_fog.safetensors',
    ],
    ['Z-Image that may be either', undefined, peft([['diffusion_model.layers.0.attention.to_q', 3840]])],
    ['Lumina', 'Lumina', lora([['lora_unet_layers_0_attention_qkv', 2304]])],
    ['HiDream', 'HiDream', peft([['diffusion_model.double_stream_blocks.0.block.ff_i.shared_experts.w1', 2560]])],
    ['AuraFlow', 'AuraFlow', peft([['transformer.joint_transformer_blocks.0.attn.to_k', 3072]])],
    ['a language model', undefined, peft([['base_model.model.model.layers.0.self_attn.q_proj', 4096]])],
  ])('%s', (...[, expected, tensors, filename]) => {
    expect(guess({ tensors, ...(filename === undefined ? {} : { filename }) })).toBe(expected as string)
  })
})

describe('by the words of the header', () => {
  test.each<[string, string | undefined]>([
    ['stable-diffusion-v1', 'SD 1.5'],
    ['stable-diffusion-v1/lora', 'SD 1.5'],
    ['sd_v1', 'SD 1.5'],
    ['sd_1.5', 'SD 1.5'],
    ['sd1', 'SD 1.5'],
    ['sd_v2_v', 'SD 2.1'],
    ['stable-diffusion-v2-768-v/lora', 'SD 2.1 768'],
    ['stable-diffusion-xl-v1-base/lora', 'SDXL 1.0'],
    ['stable-diffusion-xl-v0_9-base', 'SDXL 0.9'],
    ['stable-diffusion-xl-turbo-v1', 'SDXL Turbo'],
    ['sdxl_base_v1-0', 'SDXL 1.0'],
    ['sdxl', 'SDXL 1.0'],
    ['stable-diffusion-v3-medium', 'SD 3'],
    ['stable-diffusion-3-3-5-large/lora', 'SD 3.5 Large'],
    ['stable-diffusion-v3.5-medium', 'SD 3.5 Medium'],
    ['sd3', 'SD 3'],
    ['Flux.1-dev/lora', 'Flux.1 D'],
    ['flux-1-schnell', 'Flux.1 S'],
    ['flux1', 'Flux.1 D'],
    ['flux', 'Flux.1 D'],
    ['flux-1-kontext-dev', 'Flux.1 Kontext'],
    ['flux.2-dev/lora', 'Flux.2 D'],
    ['flux2_klein_9b', 'Flux.2 Klein 9B'],
    ['wan-2_1-text2video-14b/lora', 'Wan Video 14B t2v'],
    ['wan-2_2-image2video-14b/lora', 'Wan Video 2.2 I2V-A14B'],
    ['wan-2_1-text2video-1_3b', 'Wan Video 1.3B t2v'],
    ['wan-2_2-ti2v-5b', 'Wan Video 2.2 TI2V-5B'],
    ['wan', 'Wan Video'],
    ['hunyuan-video/lora', 'Hunyuan Video'],
    ['hyvid', 'Hunyuan Video'],
    ['hunyuan-video-1_5', undefined],
    ['lightricks-ltx-video', 'LTXV'],
    ['lightricks-ltx-video-2', 'LTXV2'],
    ['ltxv', 'LTXV'],
    ['qwen_image', 'Qwen'],
    ['qwen2vl', undefined],
    ['z-image-turbo', 'ZImageTurbo'],
    ['z-image', undefined],
    ['lumina2', 'Lumina'],
    ['pixart-ms-sigma-xl-2', 'PixArt E'],
    ['auraflow-v1', 'AuraFlow'],
    ['aura', 'AuraFlow'],
    ['genmo-mochi-1', 'Mochi'],
    ['chroma', 'Chroma'],
    ['t5', undefined],
    ['llama', undefined],
    ['sdturbo-like-thing', undefined],
  ])('%s', (architecture, expected) => {
    expect(guess({ metadata: { 'modelspec.architecture': architecture } })).toBe(expected as string)
  })

  test('an empty one gives way to the next', () => {
    expect(guess({ metadata: { 'modelspec.architecture': '', ss_base_model_version: 'sd_v1' } })).toBe('SD 1.5')
  })

  test('the checkpoint that was trained on tells the children of SDXL apart', () => {
    const metadata = (name: string) => ({ ss_base_model_version: 'sdxl_base_v1-0', ss_sd_model_name: name })
    expect(guess({ metadata: metadata('C:\\models\\ponyDiffusionV6XL.safetensors') })).toBe('Pony')
    expect(guess({ metadata: metadata('Illustrious-XL-v0.1.safetensors') })).toBe('Illustrious')
    expect(guess({ metadata: metadata('noobaiXLNAIXL_vPred10.safetensors') })).toBe('NoobAI')
    expect(guess({ metadata: metadata('/pony/sd_xl_base_1.0.safetensors') })).toBe('SDXL 1.0')
  })
})

describe('where witnesses disagree', () => {
  const beside = (baseModel: string): readonly Sidecar[] => [{ file: 'x.civitai.info', baseModel }]
  test.each<[string, Case, string | undefined]>([
    ['a sidecar is more exact than tensors', { tensors: SDXL, sidecars: beside('Illustrious') }, 'Illustrious'],
    ['a sidecar of another family is of another file', { tensors: SDXL, sidecars: beside('SD 1.5') }, 'SDXL 1.0'],
    [
      'the first fitting sidecar counts',
      { tensors: SDXL, sidecars: [...beside('SD 1.5'), ...beside('Pony'), ...beside('NoobAI')] },
      'Pony',
    ],
    [
      'a sidecar may say the general name',
      {
        tensors: SDXL,
        sidecars: beside('SDXL 1.0'),
        metadata: { 'modelspec.architecture': 'stable-diffusion-xl-turbo-v1' },
      },
      'SDXL 1.0',
    ],
    ['a sidecar alone is taken', { sidecars: beside('Brand New 3') }, 'Brand New 3'],
    ['a sidecar of a pickle too', { filename: 'x.ckpt', sidecars: beside('SD 1.4') }, 'SD 1.4'],
    [
      'words are more exact than tensors',
      { tensors: FLUX_DEV, metadata: { 'modelspec.architecture': 'flux-1-kontext' } },
      'Flux.1 Kontext',
    ],
    [
      'words of another family are wrong',
      { tensors: SD(768), metadata: { ss_base_model_version: 'sdxl_base_v1-0' } },
      'SD 1.5',
    ],
    [
      'tensors are more exact than words',
      { tensors: WAN(5120, 36), metadata: { 'general.architecture': 'wan' } },
      'Wan Video 2.2 I2V-A14B',
    ],
    [
      'Chroma LoRAs look like those of Flux',
      {
        tensors: lora([['lora_unet_double_blocks_0_img_attn_qkv', 3072]]),
        metadata: { 'modelspec.architecture': 'chroma' },
      },
      'Chroma',
    ],
    [
      'an architecture beside it',
      { tensors: SDXL, sidecars: [{ file: 'x.swarm.json', architecture: 'stable-diffusion-xl-turbo-v1' }] },
      'SDXL Turbo',
    ],
  ])('%s', (_, given, expected) => {
    expect(guess(given)).toBe(expected as string)
  })
})

test('any names and shapes are guessed at without a throw', () => {
  const part = fc.constantFrom(
    'double_blocks',
    'blocks',
    'transformer_blocks',
    'single_blocks',
    'input_blocks',
    '0',
    '9',
    '44',
    'attn2',
    'to_k',
    'linear1',
    'img_attn',
    'lora_down',
    'lora_A',
    'hada_w1_b',
    'lokr_w1',
    'weight',
    'lora_unet_',
    '__proto__',
    'layers',
    'attention',
    'qkv',
  )
  const name = fc
    .tuple(fc.array(part, { maxLength: 7 }), fc.constantFrom('.', '_'))
    .map(([parts, dot]) => parts.join(dot))
  const shape = fc.array(fc.constantFrom(0, 1, 16, 768, 1024, 1536, 2048, 3072, 3840, 5120, 6144), { maxLength: 5 })
  fc.assert(
    fc.property(fc.array(fc.tuple(name, shape)), fc.string(), (entries, words) => {
      const found = guess({
        tensors: Object.fromEntries(entries),
        metadata: { 'modelspec.architecture': words },
        filename: words,
      })
      expect(found).not.toBe('')
    }),
    { numRuns: 300 },
  )
})
