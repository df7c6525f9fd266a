import type { Findings } from '../../mention.ts'
import { parseModelName } from '../../model-name.ts'
import { fieldOf, textOf } from '../json.ts'
import type { Graph, GraphNode } from './graph.ts'
import { followNumber, followText, linkAt } from './links.ts'
import { addUse } from './model-use.ts'

/** The unified loaders of IP-Adapter name a preset, and take the files for it by their well-known names. */
export const isPresetLoader = (className: string): boolean => /^IPAdapterUnifiedLoader/.test(className)

type Base = 'sd15' | 'sdxl'
type Files = Readonly<Partial<Record<Base, string>>>

interface Preset {
  readonly starts: string
  readonly adapter: Files
  readonly lora?: Files
  /** The image encoder, where it is not the usual one. */
  readonly encoder?: string
}

const ENCODER = 'CLIP-ViT-H-14-laion2B-s32B-b79K.safetensors'
const BIG_ENCODER = 'CLIP-ViT-bigG-14-laion2B-39B-b160k.safetensors'

/** The first whose beginning fits counts. */
const PRESETS: readonly Preset[] = [
  { starts: 'light', adapter: { sd15: 'ip-adapter_sd15_light_v11.bin' } },
  {
    starts: 'standard',
    adapter: { sd15: 'ip-adapter_sd15.safetensors', sdxl: 'ip-adapter_sdxl_vit-h.safetensors' },
  },
  {
    starts: 'vit-g',
    adapter: { sd15: 'ip-adapter_sd15_vit-G.safetensors', sdxl: 'ip-adapter_sdxl.safetensors' },
    encoder: BIG_ENCODER,
  },
  {
    starts: 'plus (',
    adapter: { sd15: 'ip-adapter-plus_sd15.safetensors', sdxl: 'ip-adapter-plus_sdxl_vit-h.safetensors' },
  },
  {
    starts: 'plus face',
    adapter: { sd15: 'ip-adapter-plus-face_sd15.safetensors', sdxl: 'ip-adapter-plus-face_sdxl_vit-h.safetensors' },
  },
  { starts: 'full', adapter: { sd15: 'ip-adapter-full-face_sd15.safetensors' } },
  { starts: 'faceid portrait unnorm', adapter: { sdxl: 'ip-adapter-faceid-portrait_sdxl_unnorm.bin' } },
  {
    starts: 'faceid portrait',
    adapter: { sd15: 'ip-adapter-faceid-portrait-v11_sd15.bin', sdxl: 'ip-adapter-faceid-portrait_sdxl.bin' },
  },
  {
    starts: 'faceid plus v2',
    adapter: { sd15: 'ip-adapter-faceid-plusv2_sd15.bin', sdxl: 'ip-adapter-faceid-plusv2_sdxl.bin' },
    lora: {
      sd15: 'ip-adapter-faceid-plusv2_sd15_lora.safetensors',
      sdxl: 'ip-adapter-faceid-plusv2_sdxl_lora.safetensors',
    },
  },
  {
    starts: 'faceid plus',
    adapter: { sd15: 'ip-adapter-faceid-plus_sd15.bin' },
    lora: { sd15: 'ip-adapter-faceid-plus_sd15_lora.safetensors' },
  },
  {
    starts: 'faceid',
    adapter: { sd15: 'ip-adapter-faceid_sd15.bin', sdxl: 'ip-adapter-faceid_sdxl.bin' },
    lora: { sd15: 'ip-adapter-faceid_sd15_lora.safetensors', sdxl: 'ip-adapter-faceid_sdxl_lora.safetensors' },
  },
  {
    starts: 'composition',
    adapter: { sd15: 'ip_plus_composition_sd15.safetensors', sdxl: 'ip_plus_composition_sdxl.safetensors' },
  },
]

/**
 * The files behind a preset. Which of two it is depends on the model that they are for; where its name does not tell
 * the kind, both are listed. All are optional, because other files of a like name do as well.
 */
export function addPreset(node: GraphNode, graph: Graph, findings: Findings): void {
  const text = followText(fieldOf(node.inputs, 'preset'), 'preset', graph)?.value
  const preset = text === undefined ? undefined : PRESETS.find(({ starts }) => text.toLowerCase().startsWith(starts))
  if (preset === undefined) return
  const base = baseOf(node, graph)
  const add = (type: 'ipadapter' | 'lora' | 'clip_vision', files: readonly string[], weight?: number): void => {
    for (const file of files) {
      const mark = `${node.place} preset (it stands for this file)`
      addUse(
        { node, input: 'preset', text: file, type, weight, on: weight !== 0, optional: true, places: [mark] },
        findings,
      )
    }
  }
  add('ipadapter', choose(preset.adapter, base))
  add('clip_vision', [preset.encoder ?? ENCODER])
  add('lora', choose(preset.lora ?? {}, base), followNumber(fieldOf(node.inputs, 'lora_strength'), 'strength', graph))
}

function choose(files: Files, base: Base | undefined): string[] {
  const own = base === undefined ? undefined : files[base]
  return own === undefined ? Object.values(files) : [own]
}

const MOST_STEPS = 24

/** The kind of the model that comes in, as far as its file's name tells. */
function baseOf(node: GraphNode, graph: Graph): Base | undefined {
  let next = linkAt(fieldOf(node.inputs, 'model'), graph)?.node
  for (let step = 0; next !== undefined && step < MOST_STEPS; step += 1) {
    const name = textOf(fieldOf(next.inputs, 'ckpt_name')) ?? textOf(fieldOf(next.inputs, 'unet_name'))
    if (name !== undefined) return baseOfName(parseModelName(name).stem)
    next = linkAt(fieldOf(next.inputs, 'model'), graph)?.node
  }
  return undefined
}

function baseOfName(name: string): Base | undefined {
  if (/xl|pony|illustrious|noob/i.test(name)) return 'sdxl'
  return /sd[-_ ]?v?1[-_.]?5|v1[-_.]5|sd15/i.test(name) ? 'sd15' : undefined
}
