import { decodeLatin1 } from './text.ts'

/**
 * The brands of a file's `ftyp` box, the major one first, as far as `head` shows them; undefined where it does not
 * begin with one.
 */
export function brandsOf(head: Uint8Array): readonly string[] | undefined {
  if (head.length < 12 || decodeLatin1(head.subarray(4, 8)) !== 'ftyp') return undefined
  const size = new DataView(head.buffer, head.byteOffset, 4).getUint32(0)
  if (size < 12 || size > MAX_FTYP_BYTES) return undefined // a text that happens to have these letters there
  const end = Math.min(size, head.length)
  const text = decodeLatin1(head.subarray(0, end))
  // Four bytes of version stand between the major brand and the others.
  const others = Array.from({ length: Math.max(0, Math.floor((end - 16) / 4)) }, (_, index) => 16 + 4 * index)
  return [decodeLatin1(head.subarray(8, 12)), ...others.map((at) => text.slice(at, at + 4))]
}

/** The longest lists that are seen have about twenty brands. */
const MAX_FTYP_BYTES = 4096
