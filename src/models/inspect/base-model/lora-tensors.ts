import type { LoraModule } from './lora-modules.ts'
import { unetByTextWidth } from './unet-tensors.ts'
import { flux2Version, fluxDevVersion, ltx2Version, sd35LargeVersion, wanVersion, zImageVersion } from './variants.ts'

/** Base model of a LoRA by the layers that it changes. */
export function loraBaseModel(modules: readonly LoraModule[], hints: string): string | undefined {
  const layers = createLayers(modules)
  for (const guess of GUESSES) {
    const name = guess(layers, hints)
    if (name !== undefined) return name === UNSURE ? undefined : name
  }
  return undefined
}

interface Layers {
  has(pattern: RegExp): boolean
  /** As the file writes them. */
  hasWritten(pattern: RegExp): boolean
  /** What goes into the first layer of that kind whose shapes tell. */
  inputs(pattern: RegExp): number | undefined
  outputs(pattern: RegExp): number | undefined
  /** Highest number that the group of `pattern` catches, or -1. */
  highest(pattern: RegExp): number
}

function createLayers(modules: readonly LoraModule[]): Layers {
  return {
    has: (pattern) => modules.some(({ name }) => pattern.test(name)),
    hasWritten: (pattern) => modules.some(({ written }) => pattern.test(written)),
    inputs: (pattern) => modules.find(({ name, inputs }) => inputs !== undefined && pattern.test(name))?.inputs,
    outputs: (pattern) => modules.find(({ name, outputs }) => outputs !== undefined && pattern.test(name))?.outputs,
    highest: (pattern) => modules.reduce((most, { name }) => Math.max(most, Number(pattern.exec(name)?.[1] ?? -1)), -1),
  }
}

/** The family is known, and which of its models is not. */
const UNSURE = ''

type Guess = (layers: Layers, hints: string) => string | undefined

const unet: Guess = (layers, hints) => {
  if (!layers.has(/^(?:input_blocks|down_blocks|output_blocks|up_blocks|middle_block|mid_block)_/)) return undefined
  const attention = /^(?:input|down|output|up|middle|mid)_blocks?_.*transformer_blocks_\d+_attn2_to_k$/
  return unetByTextWidth(layers.inputs(attention), hints) ?? (layers.has(/transformer_blocks_9_/) ? 'SDXL 1.0' : UNSURE)
}

const textEncoderOnly: Guess = (layers, hints) => {
  if (layers.hasWritten(/^lora_te2_/)) return 'SDXL 1.0'
  if (!layers.hasWritten(/^lora_te_text_model_/)) return undefined
  return unetByTextWidth(layers.inputs(/^text_model_.*self_attn_q_proj$/), hints) ?? UNSURE
}

/** Names of their own. */
const plain: Guess = (layers, hints) => {
  if (layers.has(/^double_stream_blocks_\d+_/)) return 'HiDream'
  if (layers.has(/^(?:double_layers|joint_transformer_blocks)_\d+_/)) return 'AuraFlow'
  if (layers.has(/^distilled_guidance_layer_/)) return 'Chroma'
  if (layers.has(/^blocks_\d+_attn_qkv_x$/)) return 'Mochi'
  if (layers.has(/^llm_adapter_/)) return 'Anima'
  if (layers.has(/^transformer_blocks_\d+_audio_/)) return ltx2Version(hints) ?? UNSURE
  return undefined
}

const wan: Guess = (layers, hints) => {
  const attention = /^blocks_\d+_(?:(?:cross|self)_attn_[qk]|attn[12]_to_[qk])$/
  if (!layers.has(attention)) return undefined
  const width = layers.inputs(attention)
  const pictureLayers = layers.has(/^blocks_\d+_(?:cross_attn_[kv]_img|attn2_add_[kv]_proj)$/)
  return wanVersion({ width, channels: undefined, pictureLayers }, hints) ?? UNSURE
}

/** Flux and Hunyuan Video have blocks of the same names and widths, and not the same number of them. */
const doubleBlocks: Guess = (layers, hints) => {
  if (!layers.has(/^(?:double|single)_blocks_\d+_/)) return undefined
  const hunyuan =
    layers.hasWritten(/_blocks\.\d+\.(?:img|txt)_attn_(?:qkv|proj)|individual_token_refiner/) ||
    layers.has(/_(?:img|txt)_mlp_fc\d$|_mod_linear$|_modulation_linear$|individual_token_refiner/) ||
    layers.highest(/^double_blocks_(\d+)_/) >= 19 ||
    layers.highest(/^single_blocks_(\d+)_/) >= 38
  const width = layers.inputs(/^double_blocks_\d+_img_attn_qkv$|^single_blocks_\d+_linear1$/)
  if (width === 6144 || width === 4096) return flux2Version(width, hints) ?? UNSURE
  if (hunyuan && layers.highest(/^single_blocks_(\d+)_/) < 44) return 'Hunyuan Video'
  // The single blocks of Flux.2 are wider inside than those of Flux.1 (21504).
  if (layers.outputs(/^single_blocks_\d+_linear1$/) === 27648) return flux2Version(3072, hints) ?? UNSURE
  return fluxDevVersion(hints)
}

/** What diffusers calls transformer blocks: Flux, SD 3, Qwen, LTX, PixArt, CogVideoX. */
const transformerBlocks: Guess = (layers, hints) => {
  if (layers.has(/^single_transformer_blocks_\d+_/)) return singleTransformerBlocks(layers, hints)
  if (!layers.has(/^transformer_blocks_\d+_/)) return undefined
  const highest = layers.highest(/^transformer_blocks_(\d+)_/)
  if (layers.has(/^transformer_blocks_\d+_(?:img|txt)_m/)) return 'Qwen'
  const width = layers.inputs(/^transformer_blocks_\d+_(?:attn1?_to_[qkv]|attn_add_[qkv]_proj)$/)
  if (layers.has(/^transformer_blocks_\d+_attn2_/)) {
    if (layers.has(/_attn_add_/)) return width === 1536 ? 'SD 3.5 Medium' : UNSURE
    return width === 2048 ? 'LTXV' : UNSURE
  }
  if (width === 2432) return sd35LargeVersion(hints)
  if (width === 3072 && layers.has(/_attn_add_/) && highest >= 24) return 'Qwen'
  return UNSURE
}

function singleTransformerBlocks(layers: Layers, hints: string): string {
  const width = layers.inputs(/^single_transformer_blocks_\d+_(?:attn_to_[qkv]|proj_mlp|attn_to_qkv_mlp_proj)$/)
  if (layers.has(/_attn_to_qkv_mlp_proj$/)) return flux2Version(width, hints) ?? UNSURE
  if (width !== undefined && width !== 3072) return UNSURE
  const hunyuan =
    layers.has(/^context_embedder_token_refiner_/) || layers.highest(/^single_transformer_blocks_(\d+)_/) >= 38
  return hunyuan ? 'Hunyuan Video' : fluxDevVersion(hints)
}

const jointBlocks: Guess = (layers, hints) => {
  if (!layers.has(/^joint_blocks_\d+_/)) return undefined
  const width = layers.inputs(/^joint_blocks_\d+_(?:context|x)_block_attn_qkv$/)
  if (width === 2432) return sd35LargeVersion(hints)
  return layers.has(/_x_block_attn2_/) ? 'SD 3.5 Medium' : UNSURE
}

const lumina: Guess = (layers, hints) => {
  const width = layers.inputs(/^layers_\d+_attention_(?:qkv|to_[qkv]|out|to_out_0)$/)
  if (width === 3840) return zImageVersion(hints) ?? UNSURE
  return width === 2304 ? 'Lumina' : undefined
}

const GUESSES: readonly Guess[] = [
  plain,
  unet,
  wan,
  doubleBlocks,
  transformerBlocks,
  jointBlocks,
  lumina,
  textEncoderOnly,
]
