import type { IsoBox } from './iso-boxes.ts'
import { bodyOf, type IsoFile } from './iso-file.ts'

export interface ByteRange {
  readonly start: number
  readonly length: number
}

export interface ItemPlace {
  readonly id: number
  readonly ranges: readonly ByteRange[]
}

/** Where the wanted items of a picture lie, by its `iloc` box (ISO/IEC 14496-12, 8.11.3). */
export function readItemPlaces(
  file: IsoFile,
  locations: IsoBox,
  inline: IsoBox | undefined,
  wanted: ReadonlyMap<number, unknown>,
): ItemPlace[] {
  const place = `${file.name}:iloc`
  if (locations.end - locations.bodyStart > MAX_LOCATION_BYTES) {
    file.into.warn(place, 'the list of places is too long')
    return []
  }
  const body = bodyOf(file, place, locations)
  if (body === undefined) return []
  const places: ItemPlace[] = []
  try {
    for (const { id, method, isElsewhere, extents } of entries(createReader(body))) {
      if (!wanted.has(id)) continue
      const base = method === IN_FILE ? { start: 0, length: file.source.sizeBytes } : rangeOf(inline)
      if (isElsewhere || method > IN_IDAT || base === undefined) {
        file.into.warn(place, 'an item lies where it is not looked for')
        continue
      }
      const ranges = extents.flatMap((extent) => within(base, extent) ?? [])
      if (ranges.length === extents.length) places.push({ id, ranges })
      else file.into.warn(place, 'an item is larger than what it lies in')
    }
  } catch (error) {
    if (!(error instanceof EndOfBox)) throw error
    file.into.warn(place, 'the list of places is cut off')
  }
  return places
}

/** A mosaic of 1,000 tiles has about 20 KB. */
const MAX_LOCATION_BYTES = 2 ** 20
/** Extents may take no bytes at all in the list, so that its length does not bound them. */
const MAX_EXTENTS = 100_000

const IN_FILE = 0
const IN_IDAT = 1

const rangeOf = (box: IsoBox | undefined): ByteRange | undefined =>
  box === undefined ? undefined : { start: box.bodyStart, length: box.end - box.bodyStart }

/** A length of 0 is all there is. Undefined where there is less than the extent wants. */
function within(base: ByteRange, { start, length }: ByteRange): ByteRange | undefined {
  const left = base.length - start
  if (left < length || left < 0) return undefined
  return { start: base.start + start, length: length === 0 ? left : length }
}

interface Entry {
  readonly id: number
  /** 0: in the file, 1: in `idat`, 2: in another item. */
  readonly method: number
  readonly isElsewhere: boolean
  readonly extents: readonly ByteRange[]
}

function* entries(reader: Reader): Generator<Entry> {
  const version = reader.uint(1)
  reader.uint(3)
  const sizes = reader.uint(2)
  const [offsetSize, lengthSize, baseSize] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15]
  const indexSize = version === 0 ? 0 : sizes & 15
  const count = reader.uint(version < 2 ? 2 : 4)
  let extentsLeft = MAX_EXTENTS
  for (let index = 0; index < count; index += 1) {
    const id = reader.uint(version < 2 ? 2 : 4)
    const method = version === 0 ? 0 : reader.uint(2) & 15
    const isElsewhere = reader.uint(2) !== 0
    const base = reader.uint(baseSize)
    const extents: ByteRange[] = []
    const extentCount = reader.uint(2)
    extentsLeft -= extentCount
    if (extentsLeft < 0) throw new EndOfBox()
    while (extents.length < extentCount) {
      reader.uint(indexSize)
      const offset = reader.uint(offsetSize)
      extents.push({ start: base + offset, length: reader.uint(lengthSize) })
    }
    yield { id, method, isElsewhere, extents }
  }
}

interface Reader {
  /** The next `size` bytes as a number; 0 bytes are 0. Throws EndOfBox. */
  uint(size: number): number
}

class EndOfBox extends Error {}

function createReader(bytes: Uint8Array): Reader {
  let at = 0
  return {
    uint(size) {
      if (at + size > bytes.length) throw new EndOfBox()
      let value = 0
      for (const end = at + size; at < end; at += 1) value = value * 256 + (bytes[at] ?? 0)
      return value
    },
  }
}
