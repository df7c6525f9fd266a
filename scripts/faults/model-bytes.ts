import { createCipheriv } from 'node:crypto'

/** Bytes that look random and are the same for the same seed. */
function noise(seed: number, length: number): Buffer {
  const key = Buffer.alloc(16)
  key.writeUInt32LE(seed >>> 0)
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}

/** A safetensors of one tensor. */
export function safetensors(seed: number, bodyBytes: number): Buffer {
  const json = JSON.stringify({
    __metadata__: { 'modelspec.title': `model ${seed}` },
    w: { dtype: 'U8', shape: [bodyBytes], data_offsets: [0, bodyBytes] },
  })
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, noise(seed, bodyBytes)])
}

/** A gguf without tensors, and bytes behind its header. */
export function gguf(seed: number, bodyBytes: number): Buffer {
  const header = Buffer.alloc(32)
  header.write('GGUF')
  header.writeUInt32LE(3, 4)
  return Buffer.concat([header, noise(seed, bodyBytes)])
}

/** What begins like a pickle and is none. */
export const pickle = (seed: number, bodyBytes: number): Buffer =>
  Buffer.concat([Buffer.from([0x80, 2]), noise(seed, bodyBytes)])
