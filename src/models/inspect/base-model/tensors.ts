/** Names and shapes of a header. */
export type Tensors = ReadonlyMap<string, { readonly shape: readonly number[] }>

/** Looks tensors up under whatever prefix the file puts before the names of its diffusion model. */
export interface TensorIndex {
  has(...names: readonly string[]): boolean
  /** The size of a dimension, outermost first; undefined where there is no such tensor. */
  size(name: string, dimension: number): number | undefined
}

/** Checkpoints, exports of ComfyUI, what NVIDIA and others write, ControlNets of A1111, and none. */
const PREFIXES = ['', 'model.diffusion_model.', 'diffusion_model.', 'net.', 'control_model.', 'model.']

export function createTensorIndex(tensors: Tensors): TensorIndex {
  const find = (name: string) => {
    for (const prefix of PREFIXES) {
      const tensor = tensors.get(`${prefix}${name}`)
      if (tensor !== undefined) return tensor
    }
    return undefined
  }
  return {
    has: (...names) => names.every((name) => find(name) !== undefined),
    size: (name, dimension) => find(name)?.shape[dimension],
  }
}
