import { createHash } from 'node:crypto'
import { createReadStream, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ServedModel } from '../../src/http/files/model-source.ts'

const PIECE_BYTES = 16 * 2 ** 20

/** A safetensors file of one tensor, of about so many bytes. */
export function writeModelFile(path: string, bytes: number): void {
  const header = { tensor: { dtype: 'U8', shape: [bytes], data_offsets: [0, bytes] } }
  const json = Buffer.from(JSON.stringify(header).padEnd(248))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  writeFileSync(path, Buffer.concat([length, json]))
  const piece = Buffer.alloc(PIECE_BYTES, 'a model has no pattern like this one ')
  for (let left = bytes; left > 0; left -= piece.length) {
    piece.writeDoubleLE(left)
    writeFileSync(path, piece.subarray(0, left), { flag: 'a' })
  }
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

export async function describeServed(path: string): Promise<ServedModel> {
  const { size, mtimeNs } = await stat(path, { bigint: true })
  const sha256 = await sha256OfFile(path)
  return { path, sizeBytes: Number(size), modifiedUs: Number(mtimeNs / 1000n), sha256, filename: 'big.safetensors' }
}
