/** Model files that anyone can make again, with the digests that they have. */

export interface Payload {
  readonly seed: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Of the bytes behind the header. */
  readonly tensorSha256: string
  readonly autoV1: string
  readonly crc32: string
  readonly sizeBytes: number
}

const BODY_BYTES = 2_097_152
const HEADER = JSON.stringify({
  __metadata__: { format: 'pt' },
  w: { dtype: 'F32', shape: [BODY_BYTES / 4], data_offsets: [0, BODY_BYTES] },
})

/** The safetensors file of a seed. */
export function payloadBytes(seed: number): Buffer {
  const header = Buffer.from(HEADER.padEnd(Math.ceil(HEADER.length / 8) * 8, ' '))
  const file = Buffer.alloc(8 + header.byteLength + BODY_BYTES)
  file.writeBigUInt64LE(BigInt(header.byteLength))
  header.copy(file, 8)
  const start = 8 + header.byteLength
  for (let i = 0; i < BODY_BYTES; i += 1) file[start + i] = (i * 31 + (i >> 8) + seed * 17) & 255
  return file
}

const payload = (seed: number, sha256: string, tensorSha256: string, autoV1: string, crc32: string): Payload => ({
  seed,
  sha256,
  tensorSha256,
  autoV1,
  crc32,
  sizeBytes: 2_097_256,
})

/** The high-noise half of a LoRA. */
export const HIGH = payload(
  1,
  'c189def41d2ca5fa4448870d99ef8ca1f0c1427dee3358e37665ff8b0c7452ad',
  '5153e022354e1692a4b21db00500844f836de8710f41b1ac8f7b0d012d45c216',
  'c3a823cd',
  '27afbab5',
)

/** Its low-noise half. */
export const LOW = payload(
  2,
  'bfe7bf43a9bca079005ec30ce2a9c8da40a6ff4d0b2e5b94e19a3ccc3ab02afd',
  '2f269212aa2a43b6f824b4e64a0b03992b75957b515a011a0d1783483f331c53',
  '251a3103',
  'a952fe0a',
)

/** A checkpoint. */
export const CHECKPOINT = payload(
  3,
  '253b25f67050233c94f7814c79f06b8929d2760afd858c7355c213946e92b225',
  '1bc2f60b89e61c6c67884f71d89207447c83850d4df01125ba3e69f654781e81',
  '5c274187',
  'd7af5fa3',
)
