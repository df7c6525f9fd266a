import type { SafetensorsHeader, TensorInfo } from './safetensors.ts'

/** Bits of one element; kinds that are not listed are not checked, since new ones keep coming. */
const BITS: ReadonlyMap<string, number> = new Map([
  ['BOOL', 8],
  ['U8', 8],
  ['I8', 8],
  ['F8_E4M3', 8],
  ['F8_E5M2', 8],
  ['F8_E8M0', 8],
  ['I16', 16],
  ['U16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['I32', 32],
  ['U32', 32],
  ['F32', 32],
  ['I64', 64],
  ['U64', 64],
  ['F64', 64],
])

/**
 * Why loaders refuse what the header says of its tensors, or undefined: the safetensors crate wants them one behind the
 * other without a gap (InvalidOffset), each as long as its shape (TensorInvalidInfo).
 */
export function layoutFault({ tensors }: SafetensorsHeader): string | undefined {
  let end = 0
  const inOrder = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  for (const [name, tensor] of inOrder) {
    if (tensor.begin !== end) return `the tensors overlap or leave a gap at byte ${Math.min(tensor.begin, end)}`
    end = tensor.end
    const bytes = tensorBytes(tensor)
    if (bytes !== undefined && bytes !== tensor.end - tensor.begin) {
      return `the tensor ${JSON.stringify(name.slice(0, 100))} has ${tensor.end - tensor.begin} bytes and a shape of ${bytes}`
    }
  }
  return undefined
}

function tensorBytes({ dtype, shape }: TensorInfo): number | undefined {
  const bits = BITS.get(dtype)
  return bits === undefined ? undefined : shape.reduce((product, size) => product * size, 1) * (bits / 8)
}
