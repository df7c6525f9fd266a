/** Reads a bit stream whose first bit is the lowest of the first byte (RFC 9649, 3.2). */
export interface Bits {
  readonly data: Uint8Array
  /** The next byte that is not in the window yet. */
  at: number
  /** Bits that come next, the first one lowest. */
  window: number
  /** How many bits of the window count. */
  count: number
}

export const bitsOf = (data: Uint8Array): Bits => ({ data, at: 0, window: 0, count: 0 })

/** Makes sure that at least 24 bits are in the window. Behind the end of the data there are zeros. */
export function fill(bits: Bits): void {
  while (bits.count <= 24) {
    if (bits.at < bits.data.length) bits.window |= (bits.data[bits.at] ?? 0) << bits.count
    bits.at += 1
    bits.count += 8
  }
}

/** Takes `count` bits, at most 24, out of a filled window. */
export function take(bits: Bits, count: number): number {
  const value = bits.window & ((1 << count) - 1)
  bits.window >>>= count
  bits.count -= count
  return value
}

/** Up to 24 bits as a number. */
export function readBits(bits: Bits, count: number): number {
  if (bits.count < count) fill(bits)
  return take(bits, count)
}

/** Whether bits were read that the data does not have. */
export const isPastEnd = (bits: Bits): boolean => 8 * bits.at - bits.count > 8 * bits.data.length
