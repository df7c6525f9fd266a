import type { ReadAt } from './read-at.ts'
import {
  MAX_PARSED_HEADER_BYTES,
  MAX_SAFETENSORS_HEADER_BYTES,
  parseSafetensorsHeader,
  type SafetensorsHeader,
  SHORTEST_SAFETENSORS,
} from './safetensors.ts'
import { layoutFault } from './safetensors-layout.ts'
import { measureSafetensorsHeader } from './safetensors-measure.ts'

export interface FormatFault {
  /** The file ends early; otherwise it is not what it should be. */
  readonly truncated: boolean
  /** In words that complete a sentence: "the header …". */
  readonly reason: string
}

/** A safetensors file as far as its header tells. */
export interface SafetensorsFile {
  /** Undefined where it is no header, or one that is too long to be parsed. */
  readonly header: SafetensorsHeader | undefined
  /** Bytes of the header's JSON as the file claims. */
  readonly headerBytes: number
  readonly fault: FormatFault | undefined
}

const truncated = (reason: string): FormatFault => ({ truncated: true, reason })
const corrupt = (reason: string): FormatFault => ({ truncated: false, reason })

/**
 * Reads the header and compares it with the size. Never throws of itself, and holds no more than some ten times
 * MAX_PARSED_HEADER_BYTES. A file that is longer than its header says is corrupt, as the safetensors crate refuses it
 * (MetadataIncompleteBuffer).
 */
export function readSafetensorsFile(read: ReadAt, sizeBytes: number): SafetensorsFile {
  const first = read(0, SHORTEST_SAFETENSORS)
  if (first.length < SHORTEST_SAFETENSORS) {
    return { header: undefined, headerBytes: 0, fault: truncated(`the file ends after ${first.length} bytes`) }
  }
  const length = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true)
  const headerBytes = Number(length)
  const without = (fault: FormatFault): SafetensorsFile => ({ header: undefined, headerBytes, fault })
  if (first.every((byte) => byte === 0)) return without(corrupt('it begins with zeros where a header should be'))
  if (headerBytes > MAX_SAFETENSORS_HEADER_BYTES) {
    return without(corrupt(`its header would have ${length} bytes, and ${MAX_SAFETENSORS_HEADER_BYTES} are allowed`))
  }
  if (headerBytes < 2 || first[8] !== 0x7b) return without(corrupt('it does not begin like a safetensors'))
  if (8 + headerBytes > sizeBytes) {
    return without(truncated(`the header has ${headerBytes} bytes and the file ends after ${sizeBytes}`))
  }
  if (headerBytes > MAX_PARSED_HEADER_BYTES) {
    const dataBytes = measureSafetensorsHeader(read, headerBytes)
    if (dataBytes === undefined) return without(corrupt('the header is not JSON'))
    return { header: undefined, headerBytes, fault: sizeFault(8 + headerBytes, dataBytes, sizeBytes) }
  }
  const json = read(8, headerBytes)
  if (json.length < headerBytes) return without(truncated('the file became shorter while it was read'))
  const result = parseSafetensorsHeader(json, sizeBytes)
  if (!result.ok) return without(corrupt(result.reason))
  const layout = layoutFault(result.header)
  const fault = layout === undefined ? sizeFault(8 + headerBytes, result.header.dataBytes, sizeBytes) : corrupt(layout)
  return { header: result.header, headerBytes, fault }
}

function sizeFault(dataOffset: number, dataBytes: number, sizeBytes: number): FormatFault | undefined {
  const there = sizeBytes - dataOffset
  if (there < dataBytes) return truncated(`the header promises ${dataBytes} bytes of tensors and there are ${there}`)
  if (there > dataBytes) return corrupt(`${there - dataBytes} bytes follow the last tensor, which loaders refuse`)
  return undefined
}
