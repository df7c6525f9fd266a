import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { MadeModel } from './model-files.ts'

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function headerOf(name: string, bodyBytes: number): Buffer {
  const header = Buffer.from(
    JSON.stringify({
      __metadata__: { ss_output_name: name },
      w: { dtype: 'U8', shape: [bodyBytes], data_offsets: [0, bodyBytes] },
    }),
  )
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header])
}

/** A valid safetensors file that costs nothing on the disk and takes its time to read; the name is in its header. */
export function aSparseModelFile(root: string, name: string, bodyBytes: number): string {
  const path = join(root, name)
  const header = headerOf(name, bodyBytes)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, header)
  truncateSync(path, header.length + bodyBytes)
  return path
}

/** No machine hashes it before a test is over. */
export const aBoundlessModelFile = (root: string, name: string): string => aSparseModelFile(root, name, 40 * 2 ** 30)

/** A safetensors file whose bytes are like no other's. */
export function aRandomModelFile(
  root: string,
  name: string,
  bodyBytes: number,
): MadeModel & { readonly bytes: Buffer } {
  const path = join(root, name)
  const body = randomBytes(bodyBytes)
  const bytes = Buffer.concat([headerOf(name, bodyBytes), body])
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
  return { path, bytes, sha256: sha256Of(bytes), tensorSha256: sha256Of(body) }
}
