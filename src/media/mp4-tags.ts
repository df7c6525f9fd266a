import type { IsoBox } from './iso-boxes.ts'
import { bodyOf, boxesIn, fieldsOf, type IsoFile } from './iso-file.ts'
import { keyOfType } from './mp4-user-text.ts'
import { decodeLatin1, decodeText, decodeUtf8, looksLikeText } from './text.ts'
import { decodeUtf16 } from './utf16.ts'

/**
 * The values of an `ilst` box. An item is called by its number in a `keys` box (QuickTime's metadata, `mdta`), by a type
 * of four characters (iTunes), or by a `name` box inside of it (iTunes' freeform items, `----`).
 */
export function readTags(file: IsoFile, metaChildren: readonly IsoBox[]): void {
  const names = readKeys(file, metaChildren)
  for (const list of metaChildren.filter(({ type }) => type === 'ilst')) {
    for (const item of file.walker.boxes({ start: list.bodyStart, end: list.end, numbered: true })) {
      readItem(file, item, names)
    }
  }
}

const MAX_KEYS = 1000
const MAX_NAME_BYTES = 255

function readKeys(file: IsoFile, children: readonly IsoBox[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  const keys = children.find(({ type }) => type === 'keys')
  if (keys === undefined) return names
  let offset = keys.bodyStart + 8 // version and count; the count is only what the boxes below say again
  for (let index = 1; index <= MAX_KEYS && offset + 8 <= keys.end; index += 1) {
    const head = file.source.read(offset, 8)
    if (head.length < 8) break
    const size = new DataView(head.buffer, head.byteOffset, 8).getUint32(0)
    if (size < 8 || offset + size > keys.end) {
      file.into.warn(`${file.name}:keys`, 'the list of names is damaged')
      break
    }
    if (size - 8 <= MAX_NAME_BYTES) names.set(index, decodeText(file.source.read(offset + 8, size - 8)))
    offset += size
  }
  return names
}

interface ItemName {
  readonly place: string
  readonly key: string
}

function readItem(file: IsoFile, item: IsoBox, names: ReadonlyMap<number, string>): void {
  const values: IsoBox[] = []
  let ownName: string | undefined
  for (const box of boxesIn(file, item)) {
    if (box.type === 'data') values.push(box)
    if (box.type === 'name' && !box.cutOff && box.end - box.bodyStart - 4 <= MAX_NAME_BYTES) {
      const name = bodyOf(file, `${file.name}:ilst`, box, 4)
      if (name !== undefined) ownName = decodeText(name)
    }
  }
  const name = nameOf(file, item, names, ownName)
  if (name === undefined) return
  for (const value of values) readValue(file, value, name)
}

/** What Apple's cameras and editors put in front of the names of their own keys. */
const APPLE_PREFIX = 'com.apple.quicktime.'

function nameOf(
  { name: container }: IsoFile,
  { type }: IsoBox,
  names: ReadonlyMap<number, string>,
  ownName: string | undefined,
): ItemName | undefined {
  const key = names.get(Buffer.from(type, 'latin1').readUInt32BE(0))
  if (key !== undefined) {
    const lower = key.toLowerCase()
    const bare = lower.startsWith(APPLE_PREFIX) ? lower.slice(APPLE_PREFIX.length) : lower
    return { place: `${container}:mdta:${key}`, key: bare }
  }
  if (type === '----') {
    return ownName === undefined ? undefined : { place: `${container}:----:${ownName}`, key: ownName.toLowerCase() }
  }
  return /^[\x20-\x7e\xa9]{4}$/.test(type) ? { place: `${container}:ilst:${type}`, key: keyOfType(type) } : undefined
}

/** Kinds of values (QuickTime File Format, "Well-known types"); pictures and numbers are not read. */
const UNSPECIFIED = 0
const UTF8 = 1
const UTF16 = 2

function readValue(file: IsoFile, box: IsoBox, { place, key }: ItemName): void {
  const fields = fieldsOf(file, box, 8)
  const kind = fields?.getUint32(0)
  if (kind !== UNSPECIFIED && kind !== UTF8 && kind !== UTF16) return
  const value = bodyOf(file, place, box, 8)
  if (value === undefined) return
  if (kind === UNSPECIFIED && !looksLikeText(value)) return
  const text = kind === UTF16 ? decodeUtf16(value, 'be') : decodeUtf8(value)
  if (text === undefined) file.into.warn(place, 'its text is not UTF-8')
  file.into.add({ place, key, text: text ?? decodeLatin1(value) })
}
