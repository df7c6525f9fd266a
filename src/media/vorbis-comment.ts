import { decodeText } from './text.ts'
import type { TextCollector } from './text-collector.ts'

/** Pictures, as base64: of no interest, and larger than everything else. */
const PICTURES = new Set(['METADATA_BLOCK_PICTURE', 'COVERART'])
const MAX_NAME_BYTES = 255

/**
 * The fields of a Vorbis comment (Ogg Vorbis, Opus, FLAC): `NAME=value` in UTF-8, each behind its length.
 * @param name with which places begin
 */
export function readVorbisComment(data: Uint8Array, name: string, into: TextCollector): void {
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  let at = 0

  /** The next bytes behind their length; undefined where the data ends first. */
  function next(): Uint8Array | undefined {
    if (at + 4 > data.length) return undefined
    const length = view.getUint32(at, true)
    const start = at + 4
    if (start + length > data.length) return undefined
    at = start + length
    return data.subarray(start, at)
  }

  const vendor = next()
  if (vendor === undefined || at + 4 > data.length) {
    into.warn(`${name}:tag`, 'it is cut off')
    return
  }
  let left = view.getUint32(at, true)
  at += 4
  for (; left > 0; left -= 1) {
    const field = next()
    if (field === undefined) {
      into.warn(`${name}:tag`, 'it is cut off')
      return
    }
    const nameEnd = field.subarray(0, MAX_NAME_BYTES + 1).indexOf('='.charCodeAt(0))
    if (nameEnd < 0) continue
    const key = decodeText(field.subarray(0, nameEnd))
    if (PICTURES.has(key.toUpperCase())) continue
    const place = `${name}:tag:${key}`
    if (into.fits(place, field.length - nameEnd - 1)) {
      into.add({ place, key: key.toLowerCase(), text: decodeText(field.subarray(nameEnd + 1)) })
    }
  }
}
