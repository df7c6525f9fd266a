import type { TensorIndex } from './tensors.ts'
import { sd2Version } from './variants.ts'

/** Width of the text that a U-Net of Stable Diffusion attends to: 768 is 1.x, 1024 is 2.x, 2048 is SDXL. */
export function unetByTextWidth(width: number | undefined, hints: string): string | undefined {
  if (width === 768) return 'SD 1.5'
  if (width === 1024) return sd2Version(hints)
  return width === 2048 ? 'SDXL 1.0' : undefined
}

const ATTENTION = 'transformer_blocks.0.attn2.to_k.weight'

/** Base model of a U-Net or a ControlNet for one, under the names of Stability AI or of diffusers. */
export function unetBaseModel(index: TensorIndex, hints: string): string | undefined {
  return stabilityUnet(index, hints) ?? diffusersUnet(index, hints)
}

function stabilityUnet(index: TensorIndex, hints: string): string | undefined {
  if (!index.has('input_blocks.0.0.weight')) return undefined
  if (index.has('input_blocks.1.0.time_stack.emb_layers.1.bias')) return 'SVD'
  const vector = index.size('label_emb.0.0.weight', 1)
  if (vector === 5632) return 'Kolors'
  if (vector === 2816) {
    const whole = index.has('input_blocks.8.1.transformer_blocks.9.attn2.to_k.weight')
    return whole ? 'SDXL 1.0' : 'SDXL Distilled'
  }
  // The refiner, which attends to 1280.
  if (vector === 2560) return 'SDXL 1.0'
  const width = index.size(`input_blocks.1.1.${ATTENTION}`, 1)
  return vector !== undefined && width === 1024 ? 'SD 2.1 Unclip' : unetByTextWidth(width, hints)
}

function diffusersUnet(index: TensorIndex, hints: string): string | undefined {
  if (!index.has('conv_in.weight', 'time_embedding.linear_1.weight')) return undefined
  const vector = index.size('add_embedding.linear_1.weight', 1)
  if (vector === 5632) return 'Kolors'
  if (vector === 2816 || vector === 2560) return 'SDXL 1.0'
  return unetByTextWidth(index.size(`down_blocks.0.attentions.0.${ATTENTION}`, 1), hints)
}
