import { decodeLatin1, decodeText, looksLikeText, withoutTrailingNuls } from './text.ts'
import type { TextCollector } from './text-collector.ts'
import { ASCII, readTiff, type TiffField, UTF8 } from './tiff.ts'
import { decodeUserComment } from './user-comment.ts'
import { decodeUtf16 } from './utf16.ts'

/**
 * Texts of the tags that image tools write prompts into, from a TIFF structure with or without `Exif\0\0` before it.
 * Keys are the tags' names (`UserComment`, `ImageDescription`, `Make`, `Model`, `Software`, …); tags without a name
 * are called by their number (`0x010C`) and are there only where their text is `name:{…}`.
 * @param place what stands before the tag's name in places: `jpeg:exif`
 */
export function readExif(data: Uint8Array, place: string, into: TextCollector): void {
  const placeOf = (tag: number): string => `${place}:${nameOf(tag)}`
  const fields = readTiff(withoutExifMark(data), {
    wants: (tag) => TAGS.has(tag) || isBelowMake(tag),
    problem: (reason, tag) => into.warn(tag === undefined ? place : placeOf(tag), reason),
  })
  // Fields may lie on each other: a thousand of them would make gigabytes of the same megabytes.
  let left = 2 * data.length
  for (const field of fields) {
    left -= field.value.length
    if (left < 0) {
      into.warn(placeOf(field.tag), 'its fields overlap: the rest is left out')
      break
    }
    const decode = TAGS.get(field.tag)?.decode ?? decodeLabelled
    if (!into.fits(placeOf(field.tag), field.value.length)) continue
    const text = decode(field)
    if (text !== undefined) into.add({ place: placeOf(field.tag), key: nameOf(field.tag), text })
  }
}

interface Tag {
  readonly name: string
  decode(field: TiffField): string | undefined
}

const text = (name: string): Tag => ({ name, decode: decodeString })
const windows = (name: string): Tag => ({ name, decode: decodeWindows })

/**
 * In either directory: tools with a library that knows no second one put UserComment and MakerNote into the first.
 * https://exiftool.org/TagNames/EXIF.html has all there are.
 */
const TAGS: ReadonlyMap<number, Tag> = new Map([
  [0x010d, text('DocumentName')],
  [0x010e, text('ImageDescription')],
  [0x010f, text('Make')],
  [0x0110, text('Model')],
  [0x0131, text('Software')],
  [0x013b, text('Artist')],
  [0x927c, { name: 'MakerNote', decode: decodeMakerNote }],
  [0x9286, { name: 'UserComment', decode: ({ value }) => decodeUserComment(value) }],
  [0x9c9b, windows('XPTitle')],
  [0x9c9c, windows('XPComment')],
  [0x9c9d, windows('XPAuthor')],
  [0x9c9e, windows('XPKeywords')],
  [0x9c9f, windows('XPSubject')],
])

const nameOf = (tag: number): string => TAGS.get(tag)?.name ?? `0x${tag.toString(16).toUpperCase().padStart(4, '0')}`

/** ComfyUI gives each thing that it saves with an animated WebP the next tag down from Make, whatever that stands for. */
const isBelowMake = (tag: number): boolean => tag < 0x010f

const LABELLED = /^\s{0,9}[A-Za-z][\w .-]{0,60}:\s{0,9}[{["]/

function decodeLabelled(field: TiffField): string | undefined {
  return LABELLED.test(decodeLatin1(field.value.subarray(0, 100))) ? decodeString(field) : undefined
}

function decodeString({ value }: TiffField): string {
  return decodeText(value)
}

/** Windows writes UTF-16; others write what they write everywhere. */
function decodeWindows(field: TiffField): string | undefined {
  const isUtf16 = field.type !== ASCII && field.type !== UTF8
  return isUtf16 ? decodeUtf16(field.value, 'le') : decodeString(field)
}

/** Of cameras this is binary and long; Fooocus writes one word. */
const MAKER_NOTE_BYTES = 10_000

function decodeMakerNote({ value }: TiffField): string | undefined {
  if (value.length > MAKER_NOTE_BYTES) return undefined
  const note = withoutTrailingNuls(decodeLatin1(value))
  return looksLikeText(value.subarray(0, note.length)) ? decodeText(value) : undefined
}

/** What stands before the TIFF structure in JPEG, and in other containers of tools that make no difference. */
function withoutExifMark(data: Uint8Array): Uint8Array {
  return decodeLatin1(data.subarray(0, 5)) === 'Exif\0' ? data.subarray(6) : data
}
