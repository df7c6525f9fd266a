import type { ByteSource } from './byte-source.ts'
import { windowedSource } from './windowed-source.ts'

/** One segment that the caller wanted, with as much of its data as was asked for and is there. */
export interface JpegSegment {
  readonly marker: number
  readonly data: Uint8Array
  /** The file ends inside of it. */
  readonly cutOff: boolean
}

export interface SegmentReading {
  /** How many bytes of a segment's data are to be read; 0 passes it over. */
  wants(marker: number): number
  /** Told at most once, when the walk ends before the pixels, and why. */
  brokenOff(reason: string): void
}

export const APP1 = 0xe1
export const COM = 0xfe
const SOI_BYTES = 2
/** No marker: two bytes like these stand for one of 0xff among the pixels. */
const NONE = 0
const SOS = 0xda
const EOI = 0xd9
/** Read at once: mostly all that stands in front of the pixels. */
const WINDOW_BYTES = 8192
/** An XMP packet of 300 MB has as many; real files have up to about fifty. */
const MAX_SEGMENTS = 5000
/** Bytes that may stand between two segments (ITU T.81, B.1.1.2, allows any number). */
const MAX_FILL_BYTES = 4096

/** Walks the segments of a JPEG up to its pixels: what stands behind those is not looked at. */
export function* readSegments(source: ByteSource, reading: SegmentReading): Generator<JpegSegment> {
  const { read } = windowedSource(source, WINDOW_BYTES)
  let offset = SOI_BYTES
  for (let count = 0; count < MAX_SEGMENTS; count += 1) {
    const found = findMarker(read, offset)
    if (found === undefined) return reading.brokenOff('the file ends before its pixels')
    const { marker, end } = found
    if (marker === NONE) return reading.brokenOff(`there is no segment at byte ${offset}`)
    if (marker === SOS || marker === EOI) return
    offset = end
    if (!hasLength(marker)) continue
    const head = read(offset, 2)
    const length = ((head[0] ?? 0) << 8) | (head[1] ?? 0)
    if (head.length < 2) return reading.brokenOff('the file ends before its pixels')
    if (length < 2) return reading.brokenOff(`the segment at byte ${offset} has no length`)
    const wanted = Math.min(reading.wants(marker), length - 2)
    const cutOff = offset + length > source.sizeBytes
    if (wanted > 0) yield { marker, data: read(offset + 2, wanted), cutOff }
    if (cutOff) return reading.brokenOff(`the file ends inside ${nameOf(marker)} segment`)
    offset += length
  }
  reading.brokenOff(`it has more than ${MAX_SEGMENTS} segments`)
}

/** Those that hold texts are called by their names. */
const nameOf = (marker: number): string => (marker === APP1 ? 'its APP1' : marker === COM ? 'its COM' : 'a')

interface Marker {
  readonly marker: number
  /** Where what follows it begins. */
  readonly end: number
}

/** The marker at `offset`, behind any number of fill bytes; undefined where the file ends. */
function findMarker(read: ByteSource['read'], offset: number): Marker | undefined {
  for (const length of [2, MAX_FILL_BYTES]) {
    const bytes = read(offset, length)
    const at = bytes.findIndex((byte) => byte !== 0xff)
    if (at > 0) return { marker: bytes[at] ?? NONE, end: offset + at + 1 }
    if (at === 0) return { marker: NONE, end: offset }
    if (bytes.length < length) return undefined
  }
  return { marker: NONE, end: offset }
}

/** TEM, RST0 to RST7 and SOI stand alone. */
const hasLength = (marker: number): boolean => marker !== 0x01 && (marker < 0xd0 || marker > 0xd8)
