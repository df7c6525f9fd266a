import type { Tensors } from './tensors.ts'

/** A layer that a LoRA changes. */
export interface LoraModule {
  /** As the base model names the layer, without the trainer's prefix and with `_` for every dot. */
  readonly name: string
  /** As the file writes it. */
  readonly written: string
  /** Numbers that go into the layer, where the shapes tell. */
  readonly inputs: number | undefined
  readonly outputs: number | undefined
}

/** What trainers put behind a layer's name: kohya, PEFT, diffusers, LyCORIS. */
const PART =
  /\.(?:lora_(?:down|up|mid|A|B)(?:\.default)?(?:\.weight)?|lora\.(?:down|up)\.weight|lora_linear_layer\.(?:down|up)\.weight|hada_[wt][12](?:_[ab])?|lokr_[wt][12](?:_[ab])?|dora_scale|diff(?:_b)?|alpha)$/

/** Some stand behind one another. */
const PREFIX =
  /^(?:base_model\.model\.|lora_(?:unet|transformer|te\d?)_|lycoris_|model\.diffusion_model\.|diffusion_model[._]|transformer\.|unet\.|pipe\.dit\.)/

/** Enough to see of which layers a LoRA consists, and the highest block of it. */
const MAX_MODULES = 20_000

/** The layers of a LoRA; none where it is no LoRA. */
export function loraModules(tensors: Tensors): readonly LoraModule[] {
  const parts = new Map<string, Map<string, readonly number[]>>()
  let isLora = false
  for (const [name, { shape }] of tensors) {
    const part = PART.exec(name)?.[0]
    if (part === undefined) continue
    isLora ||= !/^\.(?:alpha|diff)/.test(part)
    const written = name.slice(0, -part.length)
    const shapes = parts.get(written) ?? new Map<string, readonly number[]>()
    if (shapes.size === 0 && parts.size < MAX_MODULES) parts.set(written, shapes)
    shapes.set(part.replace(/\.default|\.weight/g, ''), shape)
  }
  if (!isLora) return []
  return [...parts].map(([written, shapes]) => ({ name: canonical(written), written, ...sizes(shapes) }))
}

function canonical(written: string): string {
  let name = written
  for (let before = ''; before !== name; ) {
    before = name
    name = name.replace(PREFIX, '')
  }
  return name.replaceAll('.', '_')
}

function sizes(shapes: ReadonlyMap<string, readonly number[]>): Pick<LoraModule, 'inputs' | 'outputs'> {
  const size = (dimension: number, ...names: readonly string[]): number | undefined => {
    const name = names.find((candidate) => shapes.has(candidate))
    return name === undefined ? undefined : shapes.get(name)?.[dimension]
  }
  const product = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? undefined : a * b
  return {
    inputs:
      size(1, '.lora_down', '.lora_A', '.lora.down', '.lora_linear_layer.down', '.hada_w1_b') ??
      product(size(1, '.lokr_w1', '.lokr_w1_b'), size(1, '.lokr_w2', '.lokr_w2_b')),
    outputs:
      size(0, '.lora_up', '.lora_B', '.lora.up', '.lora_linear_layer.up', '.hada_w1_a') ??
      product(size(0, '.lokr_w1', '.lokr_w1_a'), size(0, '.lokr_w2', '.lokr_w2_a')),
  }
}
