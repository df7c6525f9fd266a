import type { ByteSource } from './byte-source.ts'
import type { Container, ContainerContent, MetadataLimits } from './container.ts'
import { readExif } from './exif.ts'
import { type RiffChunk, readRiffChunks } from './riff-chunks.ts'
import { decodeLatin1, decodeText } from './text.ts'
import { createTextCollector, type TextCollector } from './text-collector.ts'
import { readXmp } from './xmp.ts'

/** WebP, still and animated: size, EXIF and XMP. https://developers.google.com/speed/webp/docs/riff_container */
export const webp: Container = {
  name: 'webp',
  matches: (head) => /^RIFF.{4}WEBP$/s.test(decodeLatin1(head.subarray(0, 12))),
  read: readWebp,
}

const KNOWN = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP', 'EXIF', 'XMP ', 'C2PA'])
/** Where the size stands in each kind of picture. */
const SIZE_BYTES = 10

function readWebp(source: ByteSource, limits: MetadataLimits): ContainerContent {
  const into = createTextCollector(limits)
  const chunks = readRiffChunks(source, {
    known: KNOWN,
    wants(type, lengthBytes) {
      if (type === 'C2PA') into.noteC2pa()
      if (type === 'EXIF' || type === 'XMP ') return into.fits(placeOf(type), lengthBytes) ? lengthBytes : 0
      return type.startsWith('VP8') ? SIZE_BYTES : 0
    },
    brokenOff: (reason) => into.warn('webp', reason),
  })
  for (const chunk of chunks) {
    if (chunk.type === 'EXIF') readExif(chunk.data, placeOf(chunk.type), into)
    else if (chunk.type !== 'XMP ') setSize(chunk, into)
    // Fields of EXIF tell by themselves which of them are whole.
    else if (!chunk.cutOff) readXmp(decodeText(chunk.data), placeOf(chunk.type), into)
  }
  return into.content()
}

const placeOf = (type: string): string => `webp:${type.trim().toLowerCase()}`

/** VP8X comes first where it is there, and is the size of the canvas of an animation. */
function setSize({ type, data }: RiffChunk, into: TextCollector): void {
  if (type === 'VP8X' && data.length >= 10) {
    into.setSize(1 + uint24(data, 4), 1 + uint24(data, 7))
  } else if (type === 'VP8L' && data[0] === 0x2f && data.length >= 5) {
    const bits = new DataView(data.buffer, data.byteOffset + 1, 4).getUint32(0, true)
    into.setSize(1 + (bits & 0x3fff), 1 + ((bits >>> 14) & 0x3fff))
  } else if (type === 'VP8 ' && data.length >= 10 && decodeLatin1(data.subarray(3, 6)) === '\x9d\x01\x2a') {
    const view = new DataView(data.buffer, data.byteOffset + 6, 4)
    into.setSize(view.getUint16(0, true) & 0x3fff, view.getUint16(2, true) & 0x3fff)
  }
}

const uint24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
