import type { TensorIndex } from './tensors.ts'
import { flux2Version, fluxDevVersion, ltx2Version, sd35LargeVersion, wanVersion, zImageVersion } from './variants.ts'

/** Base model of a diffusion transformer by tensors that only its family has. */
export function transformerBaseModel(index: TensorIndex, hints: string): string | undefined {
  for (const family of FAMILIES) {
    if (family.marks.every((mark) => index.has(mark))) return family.name(index, hints)
  }
  return fluxBaseModel(index, hints)
}

interface Family {
  readonly marks: readonly string[]
  name(index: TensorIndex, hints: string): string | undefined
}

const named = (name: string, ...marks: readonly string[]): Family => ({ marks, name: () => name })

const FAMILIES: readonly Family[] = [
  { marks: ['joint_blocks.0.context_block.attn.qkv.weight'], name: sd3BaseModel },
  named('Stable Cascade', 'clf.1.weight', 'clip_txt_mapper.weight'),
  named('Stable Cascade', 'clf.1.weight', 'clip_mapper.weight'),
  named('AuraFlow', 'double_layers.0.attn.w1q.weight'),
  named('Hunyuan 1', 'mlp_t5.0.weight'),
  {
    marks: ['txt_in.individual_token_refiner.blocks.0.norm1.weight'],
    // With ByT5 it is Hunyuan Image or Video 1.5, for which Civitai has no name.
    name: (index) => (index.has('byt5_in.fc1.weight') ? undefined : 'Hunyuan Video'),
  },
  named('Mochi', 't5_yproj.weight'),
  {
    marks: ['adaln_single.emb.timestep_embedder.linear_1.bias', 'pos_embed.proj.bias'],
    name: (index) => (index.has('adaln_single.emb.resolution_embedder.linear_1.bias') ? 'PixArt a' : undefined),
  },
  {
    marks: ['adaln_single.emb.timestep_embedder.linear_1.bias'],
    name: (index, hints) => (index.has('audio_adaln_single.linear.weight') ? ltx2Version(hints) : 'LTXV'),
  },
  { marks: ['t_block.1.weight', 'y_embedder.y_embedding'], name: pixArtBaseModel },
  { marks: ['cap_embedder.1.weight', 'noise_refiner.0.attention.k_norm.weight'], name: luminaBaseModel },
  named('CogVideoX', 'blocks.0.norm1.linear.weight', 'patch_embed.text_proj.weight'),
  named('CogVideoX', 'transformer_blocks.0.norm1.linear.weight', 'patch_embed.text_proj.weight'),
  { marks: ['head.modulation', 'blocks.0.cross_attn.k.bias'], name: wanBaseModel },
  named('HiDream', 'caption_projection.0.linear.weight'),
  named('Qwen', 'txt_norm.weight', 'img_in.weight', 'transformer_blocks.0.img_mod.1.weight'),
  named('Anima', 'llm_adapter.embed.weight'),
]

function sd3BaseModel(index: TensorIndex, hints: string): string | undefined {
  const width = index.size('x_embedder.proj.weight', 0)
  if (width === 2432) return sd35LargeVersion(hints)
  if (width !== 1536) return undefined
  return index.has('joint_blocks.0.x_block.attn2.qkv.weight') ? 'SD 3.5 Medium' : 'SD 3'
}

function pixArtBaseModel(index: TensorIndex): string | undefined {
  if (index.has('ar_embedder.mlp.0.weight')) return 'PixArt a'
  const tokens = index.size('y_embedder.y_embedding', 0)
  return tokens === 120 ? 'PixArt a' : tokens === 300 ? 'PixArt E' : undefined
}

function luminaBaseModel(index: TensorIndex, hints: string): string | undefined {
  const width = index.size('cap_embedder.1.weight', 0)
  if (width === 3840) return index.has('cap_pad_token') ? zImageVersion(hints) : undefined
  // With CLIP it is NewBie, for which Civitai has no name.
  return width === 2304 && !index.has('clip_text_pooled_proj.0.weight') ? 'Lumina' : undefined
}

function wanBaseModel(index: TensorIndex, hints: string): string | undefined {
  return wanVersion(
    {
      width: index.size('blocks.0.cross_attn.k.bias', 0),
      channels: index.size('patch_embedding.weight', 1),
      pictureLayers: index.has('blocks.0.cross_attn.k_img.bias'),
    },
    hints,
  )
}

const eitherNorm = (index: TensorIndex, name: string): boolean =>
  index.has(`${name}.scale`) || index.has(`${name}.weight`)

function fluxBaseModel(index: TensorIndex, hints: string): string | undefined {
  if (eitherNorm(index, 'double_blocks.0.img_attn.norm.key_norm')) {
    if (eitherNorm(index, 'distilled_guidance_layer.norms.0') || index.has('distilled_guidance_layer.in_proj.weight')) {
      return 'Chroma'
    }
    if (index.has('double_stream_modulation_img.lin.weight')) return flux2Version(index.size('img_in.weight', 0), hints)
    // Without this one it is Ovis, LongCat or another descendant.
    if (!index.has('vector_in.in_layer.weight')) return undefined
    return index.has('guidance_in.in_layer.weight') ? fluxDevVersion(hints) : 'Flux.1 S'
  }
  if (!index.has('single_transformer_blocks.0.attn.norm_k.weight', 'x_embedder.weight')) return undefined
  if (!index.has('time_text_embed.text_embedder.linear_1.weight')) return undefined
  if (index.size('context_embedder.weight', 0) !== 3072) return undefined
  return index.has('time_text_embed.guidance_embedder.linear_1.weight') ? fluxDevVersion(hints) : 'Flux.1 S'
}
