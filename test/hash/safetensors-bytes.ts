/** Eight bytes of length (as told, true or not) and then the header. */
export function withLength(header: Uint8Array, length: number | bigint): Uint8Array {
  const bytes = Buffer.alloc(8 + header.length)
  bytes.writeBigUInt64LE(BigInt(length))
  bytes.set(header, 8)
  return bytes
}

/** A safetensors file with this header and data. */
export function safetensors(header: object, data: Uint8Array): Uint8Array {
  const json = Buffer.from(JSON.stringify(header))
  return Buffer.concat([withLength(json, json.length), data])
}
