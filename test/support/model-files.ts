import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface MadeModel {
  readonly path: string
  readonly sha256: string
  readonly tensorSha256: string
}

/** Writes a small real safetensors file; `seed` decides its content. */
export function aModelFile(root: string, name: string, seed: number, bodyBytes = 1024): MadeModel {
  const path = join(root, name)
  const header = JSON.stringify({
    __metadata__: { format: 'pt' },
    w: { dtype: 'U8', shape: [bodyBytes], data_offsets: [0, bodyBytes] },
  })
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8, ' ')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(padded.length))
  const body = Buffer.from(Array.from({ length: bodyBytes }, (_, at) => (at * 31 + seed * 17) & 255))
  const file = Buffer.concat([length, Buffer.from(padded), body])
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, file)
  const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
  return { path, sha256: sha(file), tensorSha256: sha(body) }
}
