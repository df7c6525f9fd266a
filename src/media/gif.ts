import type { ByteSource } from './byte-source.ts'
import type { Container, ContainerContent, MetadataLimits } from './container.ts'
import { decodeLatin1, decodeText } from './text.ts'
import { createTextCollector, type TextCollector } from './text-collector.ts'
import { type WindowedSource, windowedSource } from './windowed-source.ts'
import { readXmp } from './xmp.ts'

/** GIF: size, comments, and the XMP packet, wherever between the pictures they stand. */
export const gif: Container = {
  name: 'gif',
  matches: (head) => /^GIF8[79]a$/.test(decodeLatin1(head.subarray(0, 6))),
  read: readGif,
}

const EXTENSION = 0x21
const PICTURE = 0x2c
const TRAILER = 0x3b
/** Pixels lie in pieces of at most 255 bytes, each with its length: they have to be walked through. */
const WINDOW_BYTES = 16 * 1024
/** How far a file is walked. Savers put their texts in front of the pictures, some behind them. */
const MAX_BYTES = 512 * 2 ** 20

function readGif(source: ByteSource, limits: MetadataLimits): ContainerContent {
  const into = createTextCollector(limits)
  const windowed = windowedSource(source, WINDOW_BYTES)
  const screen = windowed.read(6, 7)
  if (screen.length < 7) {
    into.warn('gif', 'the file ends inside its header')
    return into.content()
  }
  const view = new DataView(screen.buffer, screen.byteOffset, 7)
  into.setSize(view.getUint16(0, true), view.getUint16(2, true))
  let offset: number | undefined = 13 + tableBytes(view.getUint8(4))
  while (offset !== undefined) {
    if (offset > MAX_BYTES) {
      into.warn('gif', `only its first ${MAX_BYTES} bytes were looked at`)
      break
    }
    offset = readBlock(windowed, offset, into)
  }
  return into.content()
}

/** Reads what begins at `offset` and says where it ends; undefined at the end of the file. */
function readBlock(source: WindowedSource, offset: number, into: TextCollector): number | undefined {
  const [kind, label] = source.read(offset, 2)
  if (kind === TRAILER) return undefined
  if (kind === PICTURE) {
    const flags = source.read(offset + 9, 1)[0]
    const pixels = flags === undefined ? undefined : offset + 11 + tableBytes(flags)
    return walked(pixels === undefined ? undefined : endOfPieces(source, pixels), into)
  }
  if (kind === EXTENSION && label !== undefined) return readExtension(source, offset + 2, label, into)
  into.warn('gif', kind === undefined ? 'the file ends before its trailer' : `there is no block at byte ${offset}`)
  return undefined
}

function walked(end: number | undefined, into: TextCollector): number | undefined {
  if (end === undefined) into.warn('gif', 'the file ends inside a block')
  return end
}

/** Bytes of a table of colours, by the flags in front of it. */
const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1))

const COMMENT = 0xfe
const APPLICATION = 0xff

function readExtension(source: WindowedSource, start: number, label: number, into: TextCollector): number | undefined {
  const end = walked(endOfPieces(source, start), into)
  if (end === undefined) return undefined
  if (label === COMMENT && into.fits('gif:comment', end - start)) {
    const text = decodeText(joined(source.read(start, end - start)))
    into.add({ place: 'gif:comment', key: 'comment', text })
  }
  if (label === APPLICATION) readApplication(source, start, end, into)
  return end
}

function readApplication(source: WindowedSource, start: number, end: number, into: TextCollector): void {
  const name = decodeLatin1(source.read(start, 12))
  if (name.startsWith('\x0bC2PA_GIF')) into.noteC2pa()
  if (name !== '\x0bXMP DataXMP' || !into.fits('gif:xmp', end - start)) return
  const body = source.read(start + 12, end - start - 12)
  readXmp(decodeText(packetIn(body)), 'gif:xmp', into)
}

const LESS_THAN = 0x3c
const GREATER_THAN = 0x3e

/**
 * An XMP packet stands there as it is, without lengths: 257 bytes behind it count down, so that whoever takes its letters
 * for lengths still comes out at the end (XMP Specification Part 3, 1.1.2). Some writers cut it into pieces all the same.
 */
function packetIn(body: Uint8Array): Uint8Array {
  const isPlain = body[0] === LESS_THAN && body[1] !== LESS_THAN
  const packet = isPlain ? body : joined(body)
  return packet.subarray(0, packet.lastIndexOf(GREATER_THAN) + 1)
}

/** Where a chain of pieces ends, each behind its length and the last of length 0; undefined where it does not. */
function endOfPieces(source: WindowedSource, start: number): number | undefined {
  let offset = start
  for (;;) {
    const length = source.read(offset, 1)[0]
    if (length === undefined) return undefined
    offset += 1 + length
    if (length === 0) return offset
  }
}

function joined(pieces: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  for (let at = 0; at < pieces.length; at += 1 + (pieces[at] ?? 0)) {
    parts.push(pieces.subarray(at + 1, at + 1 + (pieces[at] ?? 0)))
  }
  return Buffer.concat(parts)
}
