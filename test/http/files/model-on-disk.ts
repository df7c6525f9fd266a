import { createHash } from 'node:crypto'
import { statSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { ServedModel } from '../../../src/http/files/model-source.ts'

/** Bytes that are different at every offset that a test could mix up. */
export function someBytes(size: number, seed = 1): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = seed
  for (let at = 0; at < words.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    words[at] = state
  }
  return Buffer.from(words.buffer, 0, size)
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** What an index says of a file as it is now. */
export function describeModel(path: string, bytes: Uint8Array, more: Partial<ServedModel> = {}): ServedModel {
  const { size, mtimeNs } = statSync(path, { bigint: true })
  return {
    path,
    sizeBytes: Number(size),
    modifiedUs: Number(mtimeNs / 1000n),
    sha256: sha256Of(bytes),
    filename: basename(path),
    ...more,
  }
}

export function writeModel(path: string, bytes: Uint8Array, more: Partial<ServedModel> = {}): ServedModel {
  writeFileSync(path, bytes)
  return describeModel(path, bytes, more)
}
