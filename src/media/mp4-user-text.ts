import type { IsoBox } from './iso-boxes.ts'
import { bodyOf, type IsoFile } from './iso-file.ts'
import { decodeText } from './text.ts'
import { decodeUtf16 } from './utf16.ts'

/** What iTunes and QuickTime call by four characters, where that is not a word already. */
const TYPE_NAMES = new Map([
  ['©cmt', 'comment'],
  ['©nam', 'title'],
  ['©des', 'description'],
  ['©inf', 'information'],
  ['©lyr', 'lyrics'],
  ['©too', 'encoder'],
  ['©enc', 'encoder'],
  ['©swr', 'software'],
  ['©ART', 'artist'],
  ['©day', 'date'],
  ['desc', 'description'],
  ['ldes', 'synopsis'],
])

export const keyOfType = (type: string): string =>
  TYPE_NAMES.get(type) ?? (type.startsWith('©') ? type.slice(1) : type).trim().toLowerCase()

/** Whether a box of user data is one of QuickTime's texts, which are called ©xyz. */
export const isUserText = (type: string): boolean => type.startsWith('©')

/** The same text in more languages than that is nobody's. */
const MAX_LANGUAGES = 16

/** Texts of user data, each behind its length and language in 16 bits (QuickTime File Format, "User Data Text"). */
export function readUserText(file: IsoFile, box: IsoBox): void {
  const place = `${file.name}:udta:${box.type}`
  const body = bodyOf(file, place, box)
  if (body === undefined) return
  if (body.length < 4) {
    file.into.warn(place, 'it is cut off before its text')
    return
  }
  for (const bytes of textsIn(body)) file.into.add({ place, key: keyOfType(box.type), text: decode(bytes) })
}

function textsIn(body: Uint8Array): Uint8Array[] {
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  // ffmpeg writes longer texts than 16 bits can count, and what is left of the count says so.
  if (body.length > 0xffff + 4 && view.getUint16(0) === ((body.length - 4) & 0xffff)) return [body.subarray(4)]
  const texts: Uint8Array[] = []
  let offset = 0
  while (offset + 4 <= body.length && texts.length < MAX_LANGUAGES) {
    const length = view.getUint16(offset)
    texts.push(body.subarray(offset + 4, offset + 4 + length))
    offset += 4 + length
  }
  return texts
}

const decode = (bytes: Uint8Array): string =>
  bytes[0] === 0xfe && bytes[1] === 0xff ? decodeUtf16(bytes, 'be') : decodeText(bytes)
