export type Row = readonly [className: string, inputs: Record<string, unknown>, says: readonly string[]]

export const same = (names: readonly string[], inputs: Record<string, unknown>, says: readonly string[]): Row[] =>
  names.map((name): Row => [name, inputs, says])

export const A = 'harbor/mix_v2.safetensors'
export const L = 'ink_wash_style.safetensors'
export const P = 'paper-lantern.pt'
