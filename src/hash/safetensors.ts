import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { AppError } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../lib/json.ts'
import { toFileError } from './regular-file.ts'

/** The format's own limit (MAX_HEADER_LEN of the safetensors crate). */
export const MAX_SAFETENSORS_HEADER_BYTES = 100_000_000

/** Eight bytes of length and `{}`. */
export const SHORTEST_SAFETENSORS = 10

/**
 * Longer headers are measured and not parsed (safetensors-file.ts): parsing takes some ten times their length in memory.
 * Those of whole checkpoints have 0.2 to 1 MiB, those of trainers that write all their tags a few.
 */
export const MAX_PARSED_HEADER_BYTES = 8 * 1024 * 1024

export interface TensorInfo {
  readonly dtype: string
  readonly shape: readonly number[]
  /** Where its bytes lie, counted from `dataOffset`; `end` is exclusive. */
  readonly begin: number
  readonly end: number
}

export interface SafetensorsHeader {
  /** `__metadata__`: what trainers and tools wrote. Values that are not strings are left out. */
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: ReadonlyMap<string, TensorInfo>
  /** Where the tensors begin in the file. */
  readonly dataOffset: number
  /** Bytes of tensors that the header promises. */
  readonly dataBytes: number
  /** The file ends before its last tensor does: a download that was cut. */
  readonly truncated: boolean
}

/** Why a file is not a safetensors is data: a scan meets many such files. */
export type SafetensorsResult =
  | { readonly ok: true; readonly header: SafetensorsHeader }
  | { readonly ok: false; readonly reason: string }

const no = (reason: string): SafetensorsResult => ({ ok: false, reason })

/**
 * Where the data begins in a file that starts with `first` (at least SHORTEST_SAFETENSORS bytes of it),
 * without reading the header; undefined where the start is not that of a safetensors.
 */
export function safetensorsDataOffset(first: Uint8Array, sizeBytes: number): number | undefined {
  if (first.length < SHORTEST_SAFETENSORS || first[8] !== 0x7b) return undefined
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true)
  if (length < 2n || length > BigInt(MAX_SAFETENSORS_HEADER_BYTES)) return undefined
  const offset = 8 + Number(length)
  return offset <= sizeBytes ? offset : undefined
}

/** Reads a header's JSON (what stands between byte 8 and `dataOffset`). Never throws. */
export function parseSafetensorsHeader(json: Uint8Array, sizeBytes: number): SafetensorsResult {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder().decode(json))
  } catch {
    return no('the header is not JSON')
  }
  if (!isJsonObject(parsed)) return no('the header is not an object')
  const dataOffset = 8 + json.length
  const tensors = new Map<string, TensorInfo>()
  let dataBytes = 0
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') continue
    const tensor = isJsonObject(value) ? parseTensor(value) : undefined
    if (tensor === undefined) return no('the header lists a tensor without dtype, shape and data_offsets')
    tensors.set(name, tensor)
    dataBytes = Math.max(dataBytes, tensor.end)
  }
  const metadata = parseMetadata(parsed.__metadata__)
  return {
    ok: true,
    header: { metadata, tensors, dataOffset, dataBytes, truncated: dataOffset + dataBytes > sizeBytes },
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function parseTensor({ dtype, shape, data_offsets: offsets }: JsonObject): TensorInfo | undefined {
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !shape.every(isCount)) return undefined
  if (!Array.isArray(offsets) || offsets.length !== 2) return undefined
  const [begin, end] = offsets
  return isCount(begin) && isCount(end) && begin <= end ? { dtype, shape, begin, end } : undefined
}

function parseMetadata(value: JsonValue | undefined): Record<string, string> {
  if (!isJsonObject(value)) return {}
  // fromEntries defines each key, so that one named __proto__ is only a key.
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/**
 * Reads the header of the file at `path`, and never a tensor. Parsing is synchronous: about a
 * millisecond for each MiB of header, which is seldom longer than that.
 *
 * @throws AppError not_found, forbidden, invalid_input (a folder or a device), internal
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsResult> {
  let handle: FileHandle | undefined
  try {
    ensureRegular(path, await stat(path))
    // O_NONBLOCK: the name may have become a FIFO since.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await handle.stat()
    ensureRegular(path, stats)
    const first = await readAt(handle, 0, SHORTEST_SAFETENSORS)
    const dataOffset = safetensorsDataOffset(first, stats.size)
    if (dataOffset === undefined) return no('the file does not begin like a safetensors')
    if (dataOffset - 8 > MAX_PARSED_HEADER_BYTES) return no(`the header has ${dataOffset - 8} bytes, too many to read`)
    const json = await readAt(handle, 8, dataOffset - 8)
    return json.length === dataOffset - 8 ? parseSafetensorsHeader(json, stats.size) : no('the file became shorter')
  } catch (error) {
    throw toFileError(`read ${path}`, error)
  } finally {
    await handle?.close()
  }
}

function ensureRegular(path: string, stats: Stats): void {
  if (stats.isFile()) return
  const what = stats.isDirectory() ? 'a folder' : 'not a regular file'
  throw new AppError('invalid_input', `Cannot read ${path}: it is ${what}`)
}

/** Up to `length` bytes at `position`, fewer only at the file's end. */
async function readAt(handle: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}
