/** A value of a gguf by its type. */
export type GgufValue =
  | string
  | number
  | boolean
  | readonly string[]
  | { readonly type: number; readonly bytes: Uint8Array }

export interface GgufMade {
  readonly version?: number
  readonly bigEndian?: boolean
  readonly metadata?: Readonly<Record<string, GgufValue>>
  /** `shape` outermost first. */
  readonly tensors?: readonly {
    readonly name: string
    readonly shape: readonly number[]
    readonly type: number
    readonly offset: number
  }[]
  /** Bytes of tensors behind the header. */
  readonly data?: number
}

const ALIGNMENT = 32

/** A gguf file. */
export function gguf({ version = 3, bigEndian = false, metadata = {}, tensors = [], data = 0 }: GgufMade): Uint8Array {
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    if (bigEndian) bytes.writeUInt32BE(value)
    else bytes.writeUInt32LE(value)
    return bytes
  }
  const u64 = (value: number | bigint): Buffer => {
    const bytes = Buffer.alloc(8)
    if (bigEndian) bytes.writeBigUInt64BE(BigInt(value))
    else bytes.writeBigUInt64LE(BigInt(value))
    return bytes
  }
  const count = version === 1 ? u32 : u64
  const text = (value: string): Buffer => Buffer.concat([count(Buffer.byteLength(value)), Buffer.from(value)])
  const value = (written: GgufValue): Buffer => {
    if (typeof written === 'string') return Buffer.concat([u32(8), text(written)])
    if (typeof written === 'boolean') return Buffer.concat([u32(7), Buffer.from([written ? 1 : 0])])
    if (typeof written === 'number') return Buffer.concat([u32(4), u32(written)])
    if ('bytes' in written) return Buffer.concat([u32(written.type), written.bytes])
    return Buffer.concat([u32(9), u32(8), count(written.length), ...written.map(text)])
  }
  const entries = Object.entries(metadata)
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    u32(version),
    count(tensors.length),
    count(entries.length),
    ...entries.flatMap(([key, written]) => [text(key), value(written)]),
    ...tensors.flatMap(({ name, shape, type, offset }) => [
      text(name),
      u32(shape.length),
      ...shape.toReversed().map((size) => count(size)),
      u32(type),
      u64(offset),
    ]),
  ])
  const padding = Math.ceil(header.length / ALIGNMENT) * ALIGNMENT - header.length
  return Buffer.concat([header, Buffer.alloc(data === 0 ? 0 : padding), Buffer.alloc(data)])
}
