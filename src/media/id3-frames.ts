import { type ByteSource, bytesSource } from './byte-source.ts'
import { createInflater, type Inflater } from './inflater.ts'
import { decodeLatin1 } from './text.ts'
import type { TextCollector } from './text-collector.ts'
import { windowedSource } from './windowed-source.ts'

export interface Id3Tag {
  /** 2, 3 or 4. */
  readonly version: number
  readonly flags: number
  readonly start: number
  readonly end: number
}

export interface Id3Frame {
  readonly id: string
  /** Unpacked, without anything in front of its fields. */
  readonly data: Uint8Array
}

/** Frames with texts that have a name; all others, pictures above all, are passed over. */
const WANTED = new Set(['TXX', 'TXXX', 'COM', 'COMM'])
const MAX_FRAMES = 10_000

const UNSYNCHRONISED = 0x80
const EXTENDED = 0x40

/** The wanted frames of a tag. */
export function* framesOf(source: ByteSource, tag: Id3Tag, into: TextCollector): Generator<Id3Frame> {
  const { version, flags } = tag
  let reader: ByteSource = windowedSource(source)
  let { start: offset, end } = tag
  // Up to 2.3 the whole tag is changed, sizes of frames included; 2.4 changes each frame for itself.
  if (version < 4 && (flags & UNSYNCHRONISED) !== 0) {
    if (!into.fits('mp3:id3', end - offset)) return
    const body = resynchronised(source.read(offset, end - offset))
    reader = bytesSource(body)
    offset = 0
    end = body.length
  }
  if (version > 2 && (flags & EXTENDED) !== 0) offset += extendedBytes(reader.read(offset, 4), version)
  const unpack = createUnpacker(tag, into)
  for (let count = 0; count < MAX_FRAMES; count += 1) {
    const head = headAt(reader, offset, end, version)
    if (head === undefined) return
    const next = head.start + head.length
    if (next > end) return into.warn(`mp3:${head.id}`, 'it is larger than its tag')
    if (WANTED.has(head.id) && into.fits(`mp3:${head.id}`, head.length)) {
      const data = unpack(reader.read(head.start, head.length), head)
      if (data !== undefined) yield { id: head.id, data }
    }
    offset = next
  }
  into.warn('mp3:id3', `it has more than ${MAX_FRAMES} frames`)
}

interface FrameHead {
  readonly id: string
  readonly start: number
  readonly length: number
  /** Of how the frame is packed. */
  readonly flags: number
}

/** Undefined behind the last frame, where only zero bytes follow. */
function headAt(source: ByteSource, offset: number, end: number, version: number): FrameHead | undefined {
  const headBytes = version === 2 ? 6 : 10
  if (offset + headBytes > end) return undefined
  const head = source.read(offset, headBytes)
  const id = decodeLatin1(head.subarray(0, version === 2 ? 3 : 4))
  if (head.length < headBytes || !/^[A-Z][A-Z0-9]{2,3}$/.test(id)) return undefined
  const view = new DataView(head.buffer, head.byteOffset, headBytes)
  const start = offset + headBytes
  if (version === 2) return { id, start, length: view.getUint32(2) & 0xffffff, flags: 0 }
  const plain = view.getUint32(4)
  const length = version === 4 && isSyncsafe(source, start, end, plain) ? syncsafe(plain) : plain
  return { id, start, length, flags: view.getUint8(9) }
}

/** Some writers of 2.4 tags write plain sizes: then what follows by the standard's size is no frame. */
function isSyncsafe(source: ByteSource, start: number, end: number, plain: number): boolean {
  if ((plain & 0x80808080) !== 0) return false
  if (plain < 128) return true
  const endsFrame = (at: number): boolean => {
    if (at > end) return false
    const next = decodeLatin1(source.read(at, Math.min(4, end - at)))
    return next === '' || next.startsWith('\0') || /^[A-Z][A-Z0-9]{3}$/.test(next)
  }
  return endsFrame(start + syncsafe(plain)) || !endsFrame(start + plain)
}

function extendedBytes(field: Uint8Array, version: number): number {
  if (field.length < 4) return 0
  const size = new DataView(field.buffer, field.byteOffset, 4).getUint32(0)
  return version === 4 ? syncsafe(size) : size + 4
}

/** Seven bits of each byte, so that no tag looks like sound. */
export const syncsafe = (value: number): number =>
  ((value >>> 24) & 127) * 2 ** 21 + ((value >>> 16) & 127) * 2 ** 14 + ((value >>> 8) & 127) * 128 + (value & 127)

/** Takes off what the flags of a frame put on it; gives nothing where it is encrypted or damaged. */
function createUnpacker(
  { version, flags }: Id3Tag,
  into: TextCollector,
): (raw: Uint8Array, head: FrameHead) => Uint8Array | undefined {
  const inflate: Inflater = createInflater(into.textLimit)
  return (raw, head) => {
    const has = (flag2_3: number, flag2_4: number): boolean => (head.flags & (version === 4 ? flag2_4 : flag2_3)) !== 0
    if (has(0x40, 0x04)) return undefined // encrypted
    const isCompressed = has(0x80, 0x08)
    const groupBytes = has(0x20, 0x40) ? 1 : 0
    const sizeBytes = isCompressed || has(0, 0x01) ? 4 : 0
    const isChanged = version === 4 && (has(0, 0x02) || (flags & UNSYNCHRONISED) !== 0)
    const data = (isChanged ? resynchronised(raw) : raw).subarray(groupBytes + sizeBytes)
    if (!isCompressed) return data
    const inflated = inflate(data, into.textLimit)
    if (inflated.ok) return inflated.bytes
    into.warn(`mp3:${head.id}`, inflated.reason)
    return undefined
  }
}

/** Tags that must not look like sound have a zero byte behind each 0xff. */
function resynchronised(bytes: Uint8Array): Uint8Array {
  const kept = new Uint8Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === 0 && at > 0 && bytes[at - 1] === 0xff) continue
    kept[length] = bytes[at] ?? 0
    length += 1
  }
  return kept.subarray(0, length)
}
