import type { ByteSource } from './byte-source.ts'
import { framesOf, type Id3Frame, syncsafe } from './id3-frames.ts'
import { decodeLatin1, decodeText } from './text.ts'
import type { TextCollector } from './text-collector.ts'
import { decodeUtf16 } from './utf16.ts'

const HEAD_BYTES = 10

/**
 * Reads the ID3v2 tag (2.2, 2.3 or 2.4) at `start`: texts that a user named (TXXX), and comments.
 * Returns where it ends; undefined where there is none.
 */
export function readId3(source: ByteSource, start: number, into: TextCollector): number | undefined {
  const head = source.read(start, HEAD_BYTES)
  if (decodeLatin1(head.subarray(0, 3)) !== 'ID3') return undefined
  if (head.length < HEAD_BYTES) {
    into.warn('mp3:id3', 'the file ends inside its tag')
    return undefined
  }
  const view = new DataView(head.buffer, head.byteOffset, HEAD_BYTES)
  const [version, flags] = [view.getUint8(3), view.getUint8(5)]
  const bodyStart = start + HEAD_BYTES
  const end = bodyStart + syncsafe(view.getUint32(6))
  if (version < 2 || version > 4) into.warn('mp3:id3', 'its version is unknown')
  else {
    if (end > source.sizeBytes) into.warn('mp3:id3', 'the file ends inside its tag')
    const tag = { version, flags, start: bodyStart, end: Math.min(end, source.sizeBytes) }
    for (const frame of framesOf(source, tag, into)) readFrame(frame, into)
  }
  return end + (version === 4 && (flags & 0x10) !== 0 ? HEAD_BYTES : 0) // 2.4 may repeat its head behind the tag
}

/** A byte of encoding, for comments a language of three letters, then a name, a NUL, and the text. */
function readFrame({ id, data }: Id3Frame, into: TextCollector): void {
  const isComment = id.startsWith('COM')
  const encoding = data[0]
  if (encoding === undefined || encoding > 3) {
    into.warn(`mp3:${id}`, 'its encoding is unknown')
    return
  }
  const body = data.subarray(isComment ? 4 : 1)
  const nameEnd = endOfName(body, encoding)
  if (nameEnd === undefined) {
    into.warn(`mp3:${id}`, 'its name does not end')
    return
  }
  const width = isWide(encoding) ? 2 : 1
  const name = decode(body.subarray(0, nameEnd), encoding)
  const value = decode(body.subarray(nameEnd + width), encoding, body)
  const key = name === '' && isComment ? 'comment' : name.toLowerCase()
  into.add({ place: name === '' ? `mp3:${id}` : `mp3:${id}:${name}`, key, text: value })
}

const UTF16 = 1
const UTF16_BIG = 2

const isWide = (encoding: number): boolean => encoding === UTF16 || encoding === UTF16_BIG

/** Names longer than this are not names. */
const MAX_NAME_BYTES = 510

function endOfName(body: Uint8Array, encoding: number): number | undefined {
  const step = isWide(encoding) ? 2 : 1
  const last = Math.min(body.length - step, MAX_NAME_BYTES)
  for (let at = 0; at <= last; at += step) {
    if (body[at] === 0 && (step === 1 || body[at + 1] === 0)) return at
  }
  return undefined
}

/** @param before where a byte order mark may stand when the text has none of its own */
function decode(bytes: Uint8Array, encoding: number, before: Uint8Array = bytes): string {
  // Many tools write UTF-8 where they say Latin-1.
  if (!isWide(encoding)) return decodeText(bytes)
  const mark = [bytes, before].map((start) => ((start[0] ?? 0) << 8) | (start[1] ?? 0)).find(isMark)
  const isBig = mark === undefined ? encoding === UTF16_BIG : mark === 0xfeff
  return decodeUtf16(bytes, isBig ? 'be' : 'le')
}

const isMark = (value: number): boolean => value === 0xfeff || value === 0xfffe
