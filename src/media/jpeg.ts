import type { ByteSource } from './byte-source.ts'
import type { Container, ContainerContent, MetadataLimits } from './container.ts'
import { createExifPieces, createXmpPieces } from './jpeg-pieces.ts'
import { APP1, COM, readSegments } from './jpeg-segments.ts'
import { decodeLatin1, decodeText } from './text.ts'
import { createTextCollector, type TextCollector } from './text-collector.ts'

/** JPEG: size, EXIF, XMP and comments, as far as they stand in front of the pixels. */
export const jpeg: Container = {
  name: 'jpeg',
  matches: (head) => head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff,
  read: readJpeg,
}

const APP11 = 0xeb
const WHOLE = 0xffff
/** Of a frame header and of a JUMBF box: what says all that is asked. */
const BEGINNING = 64

function readJpeg(source: ByteSource, limits: MetadataLimits): ContainerContent {
  const into = createTextCollector(limits)
  const exif = createExifPieces(into)
  const xmp = createXmpPieces(into)
  const segments = readSegments(source, {
    wants: (marker) =>
      marker === APP1 || marker === COM ? WHOLE : marker === APP11 || isFrame(marker) ? BEGINNING : 0,
    brokenOff: (reason) => into.warn('jpeg', reason),
  })
  for (const { marker, data, cutOff } of segments) {
    if (marker === APP1 && exif.add(data)) continue
    // Fields of EXIF tell by themselves which of them are whole.
    if (cutOff && (marker === APP1 || marker === COM)) continue
    exif.end()
    if (marker === APP1) xmp.add(data)
    else if (marker === COM) into.add({ place: 'jpeg:COM', key: 'Comment', text: decodeText(data) })
    else if (marker === APP11) noteC2pa(data, into)
    else setSize(data, into)
  }
  exif.end()
  xmp.end()
  return into.content()
}

/** SOF0 to SOF15 without the three of their numbers that are other things. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

function setSize(frame: Uint8Array, into: TextCollector): void {
  if (frame.length < 5) return
  const view = new DataView(frame.buffer, frame.byteOffset, 5)
  into.setSize(view.getUint16(3), view.getUint16(1))
}

/** A C2PA manifest store is a JUMBF box whose type begins with these letters (C2PA 2.1, A.3.1). */
function noteC2pa(data: Uint8Array, into: TextCollector): void {
  const start = decodeLatin1(data)
  if (start.startsWith('JP') && start.includes('jumb') && start.includes('c2pa')) into.noteC2pa()
}
