/** Names that torch.load and its relatives take for pickles. */
const PICKLE_NAME = /\.(?:ckpt|pt2?|pth|bin|pkl)$/i

export const isPickleName = (name: string): boolean => PICKLE_NAME.test(name)

export const isZip = (head: Uint8Array): boolean => startsWith(head, [0x50, 0x4b, 0x03, 0x04])

/** Whether the beginning is that of a pickle of protocol 2 to 5, or of the archive that PyTorch writes around one. */
export function isPickle(head: Uint8Array): boolean {
  if (head[0] === 0x80 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5) return true
  return isZip(head) && Buffer.from(head.buffer, head.byteOffset, head.byteLength).includes('data.pkl')
}

/** Bytes at the end of a ZIP in which its index must end, with the longest comment. */
export const ZIP_END_BYTES = 65_557

/** Whether the end of a ZIP archive (its last ZIP_END_BYTES) holds the end of its index: one that was cut does not. */
export const hasZipEnd = (end: Uint8Array): boolean =>
  Buffer.from(end.buffer, end.byteOffset, end.byteLength).includes(Buffer.from([0x50, 0x4b, 0x05, 0x06]))

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((byte, index) => bytes[index] === byte)
