import { createGgufCursor, type GgufCursor, GgufStop } from './gguf-cursor.ts'
import { ggmlBytes } from './gguf-types.ts'
import { createGgufValues, type GgufValues } from './gguf-values.ts'
import type { ReadAt } from './read-at.ts'

export interface GgufTensor {
  /** Outermost first, as PyTorch writes it: gguf has them the other way round. */
  readonly shape: readonly number[]
}

export interface GgufHeader {
  readonly version: number
  readonly bigEndian: boolean
  /** Numbers, truth values, short texts and short lists of them, as text. */
  readonly metadata: Readonly<Record<string, string>>
  /** The first MAX_KEPT_TENSORS of them. */
  readonly tensors: ReadonlyMap<string, GgufTensor>
  /** Where the tensors begin in the file. */
  readonly dataOffset: number
  /** Bytes of tensors that the header promises, at least. */
  readonly dataBytes: number
  /** The file ends before its last tensor does. */
  readonly truncated: boolean
}

export type GgufResult =
  | { readonly ok: true; readonly header: GgufHeader }
  | { readonly ok: false; readonly truncated: boolean; readonly reason: string }

/** The vocabularies of language models are part of the header: some 10 MB. */
const MAX_HEADER_BYTES = 128 * 1024 * 1024
const MAX_ENTRIES = 1_000_000
const MAX_KEPT_TENSORS = 20_000
const MAX_NAME_BYTES = 65_535
/** ggml has 4; ComfyUI's gguf loader takes the 5 of video models too. */
const MAX_DIMENSIONS = 8

export const isGguf = (head: Uint8Array): boolean =>
  head[0] === 0x47 && head[1] === 0x47 && head[2] === 0x55 && head[3] === 0x46

/**
 * Reads the header of a gguf, versions 1 to 3 in either order of bytes, and never a tensor. Does not throw of itself:
 * what `read` throws comes through.
 */
export function readGguf(read: ReadAt, sizeBytes: number): GgufResult {
  try {
    return { ok: true, header: readHeader(read, sizeBytes) }
  } catch (error) {
    if (error instanceof GgufStop) return { ok: false, truncated: error.truncated, reason: error.message }
    throw error
  }
}

function readHeader(read: ReadAt, sizeBytes: number): GgufHeader {
  const start = read(0, 8)
  if (!isGguf(start)) throw new GgufStop('it does not begin with GGUF', false)
  if (start.length < 8) throw new GgufStop(`the file ends after ${start.length} bytes`, true)
  const number = new DataView(start.buffer, start.byteOffset, 8)
  // The order of bytes is told nowhere: a version is a small number in one of the two only.
  const bigEndian = number.getUint32(4, true) > 0xffff
  const version = number.getUint32(4, !bigEndian)
  if (version < 1 || version > 3) throw new GgufStop(`it is a gguf of version ${version}, and 1 to 3 are known`, false)
  const cursor = createGgufCursor(read, sizeBytes, !bigEndian, 8, MAX_HEADER_BYTES)
  const count = version === 1 ? cursor.u32 : cursor.u64
  const tensorCount = counted(count(), 'tensors')
  const entryCount = counted(count(), 'entries of metadata')
  const values = createGgufValues(cursor, count, !bigEndian)
  for (let entry = 0; entry < entryCount; entry += 1) values.readEntry()
  return {
    version,
    bigEndian,
    metadata: values.metadata(),
    ...readTensors(cursor, count, tensorCount, values, sizeBytes),
  }
}

function counted(count: number, what: string): number {
  if (count > MAX_ENTRIES) throw new GgufStop(`the header counts ${count} ${what}`, false)
  return count
}

function readTensors(
  cursor: GgufCursor,
  count: () => number,
  tensorCount: number,
  values: GgufValues,
  sizeBytes: number,
): Pick<GgufHeader, 'tensors' | 'dataOffset' | 'dataBytes' | 'truncated'> {
  const tensors = new Map<string, GgufTensor>()
  let dataBytes = 0
  for (let index = 0; index < tensorCount; index += 1) {
    const name = values.text(MAX_NAME_BYTES)
    const shape = readShape(cursor, count)
    const elements = shape.reduce((product, size) => product * size, 1)
    const type = cursor.u32()
    const end = cursor.u64() + ggmlBytes(type, elements)
    if (!Number.isSafeInteger(end)) throw new GgufStop('the header lists a tensor larger than any file', false)
    dataBytes = Math.max(dataBytes, end)
    if (tensors.size < MAX_KEPT_TENSORS) tensors.set(name, { shape: values.originalShape(name) ?? shape })
  }
  const alignment = Number(values.metadata()['general.alignment'] ?? 32)
  if (!Number.isSafeInteger(alignment) || alignment < 1)
    throw new GgufStop('the header has an impossible alignment', false)
  const dataOffset = Math.ceil(cursor.position() / alignment) * alignment
  return { tensors, dataOffset, dataBytes, truncated: dataBytes > 0 && dataOffset + dataBytes > sizeBytes }
}

function readShape(cursor: GgufCursor, count: () => number): number[] {
  const dimensions = cursor.u32()
  if (dimensions > MAX_DIMENSIONS) throw new GgufStop(`the header lists a tensor of ${dimensions} dimensions`, false)
  const shape: number[] = []
  for (let index = 0; index < dimensions; index += 1) shape.unshift(count())
  return shape
}
